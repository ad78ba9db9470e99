"""`vrnn --screenshot`: pictures from the command line with no screen."""

from __future__ import annotations

import sys
from itertools import groupby

from vrnn.app.offscreen import OffscreenApp
from vrnn.app.startup_timings import StartupTimings
from vrnn.commands.export import RecordVideo
from vrnn.commands.session import OpenSession
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.export.png import write_png
from vrnn.export.video import check_film
from vrnn.storage.atomic import check_writable, make_folder
from vrnn.workspace.workspace_file import load_workspace


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
    kept = load_workspace(options.place) if options.place is not None else None
    specs = kept.models if kept is not None else options.specs()
    detail = kept.detail if kept is not None else options.detail
    with OffscreenApp(specs, config, detail, options.arrange, options.scale, first) as studio:
        if options.place is not None:
            studio.do(OpenSession(options.place))
        timings = StartupTimings(options.timings)
        timings.mark("maps")
        for note in studio.feed.notes:
            print(f"vrnn: {note}", file=sys.stderr)
        for image, group in groupby(pictures, key=lambda picture: picture.image):
            if image is not None and image != first:
                studio.show(image)
            for picture in group:
                write_png(
                    picture.path,
                    studio.picture(
                        picture.camera, options.size, options.transparent, kind=options.kind
                    ),
                )
                if not options.quiet:
                    print(picture.path)
        if options.film is not None:
            studio.do(
                RecordVideo(
                    options.film, options.cameras, options.seconds, options.rate, options.size
                )
            )
            if not options.quiet:
                print(options.film)
        timings.mark("pictures")
    return 0
