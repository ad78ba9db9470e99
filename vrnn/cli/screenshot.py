"""`vrnn --screenshot` and `--video`: pictures from the command line without a screen."""

from __future__ import annotations

from functools import partial
from itertools import groupby

from vrnn.app.startup_timings import StartupTimings
from vrnn.app.training_film import film_training
from vrnn.cli.opening import open_offscreen
from vrnn.cli.progress import progress_bar
from vrnn.config.options import Options
from vrnn.export.png import write_png
from vrnn.export.video import check_video
from vrnn.storage.atomic import check_writable, make_folder
from vrnn.storage.log import logger
from vrnn.storage.terminal import print_text


def run(options: Options) -> int:
    """Write all the pictures that the options ask for; returns the exit code."""
    shots = options.shots()
    if options.screenshot_dir is not None:
        make_folder(options.screenshot_dir)
    for shot in shots:
        check_writable(shot.path)
    if options.video is not None:
        check_video(options.video)
    first = shots[0].image if shots else (options.images or (None,))[0]
    with open_offscreen(options, first) as app:
        timings = StartupTimings(options.timings)
        timings.mark("maps")
        for note in app.feed.notes:
            logger.warning(note)
        for image, group in groupby(shots, key=lambda shot: shot.image):
            if image is not None and image != first:
                app.show(image)
            for shot in group:
                picture = app.picture(
                    shot.camera, options.size, options.transparent, kind=options.kind
                )
                write_png(shot.path, picture)
                if not options.quiet:
                    print_text(str(shot.path))
        if options.video is not None:
            aspect = options.size[0] / options.size[1]
            eyes = [app.eye(camera, aspect) for camera in options.cameras]
            is_training = options.recording is not None
            film = partial(film_training, app) if is_training else app.exporter.record_video
            steps = film(options.video, eyes, options.seconds, options.rate, options.size)
            with progress_bar(100, "%", options.quiet) as bar:
                for done in steps:
                    bar.update(int(100 * done) - bar.n)
            if not options.quiet:
                print_text(str(options.video))
        timings.mark("pictures")
    return 0
