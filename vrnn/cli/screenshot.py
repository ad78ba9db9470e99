"""`vrnn --screenshot`: pictures from the command line with no screen."""

from __future__ import annotations

import sys
from itertools import groupby

from vrnn.app.offscreen import Studio
from vrnn.app.startup_timings import Timings
from vrnn.commands.files import Restore, TakeFilm, TakePicture
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.export.png import save
from vrnn.export.video import check_film
from vrnn.storage.atomic import check_writable, make_folder
from vrnn.workspace.workspace_file import read_place


def run(options: Options) -> int:
    """Write all the pictures that the options ask for; returns the exit code."""
    config = load_config(options.config)
    pictures = options.pictures()
    if options.screenshot_dir is not None:
        make_folder(options.screenshot_dir)
    for picture in pictures:
        check_writable(picture.path)
    if options.film is not None:
        check_film(options.film)
    first = pictures[0].image if pictures else (options.images or (None,))[0]
    kept = read_place(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    with Studio(specs, config, detail, options.arrange, options.scale, first) as studio:
        if options.place is not None:
            studio.do(Restore(options.place))
        timings = Timings(options.timings)
        timings.say("maps")
        for note in studio.feed.notes:
            print(f"vrnn: {note}", file=sys.stderr)
        for image, group in groupby(pictures, key=lambda picture: picture.image):
            if image is not None and image != first:
                studio.show(image)
            for picture in group:
                action = TakePicture(
                    picture.path, picture.camera, options.size, options.transparent, options.kind
                )
                save(picture.path, studio.taken(action, picture.camera))
                if not options.quiet:
                    print(picture.path)
        if options.film is not None:
            studio.do(
                TakeFilm(options.film, options.cameras, options.seconds, options.rate, options.size)
            )
            if not options.quiet:
                print(options.film)
        timings.say("pictures")
    return 0
