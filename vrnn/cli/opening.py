"""Opens the models of a command line: those of its options, or those of a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vrnn.app.offscreen import ImageSource, OffscreenApp
from vrnn.commands.display import SetTheme
from vrnn.commands.session import OpenSession
from vrnn.config.loader import load_config
from vrnn.config.options import Options
from vrnn.config.schema import Config
from vrnn.network.model_code import check_trusted, trust_models
from vrnn.network.model_spec import ModelSpec, model_files
from vrnn.scene.layout.registry import find_arrangement
from vrnn.scene.state import distant_picture_named
from vrnn.scene.training_state import TrainingState
from vrnn.storage.protected_inputs import protect_inputs
from vrnn.workspace.workspace_file import WorkspaceSnapshot, load_workspace


@dataclass(frozen=True)
class Opening:
    """What is to be opened.

    Attributes:
        config: The settings.
        specs: The models.
        detail: How finely they are shown, one of DETAILS.
        session: The session that is restored, None for none.
    """

    config: Config
    specs: tuple[ModelSpec, ...]
    detail: str
    session: WorkspaceSnapshot | None


def read_opening(options: Options) -> Opening:
    """Read the settings and the session that are asked for.

    Raises:
        VrnnError: One of the files is wrong.
    """
    config = load_config(options.config)
    if options.theme is not None:
        config = replace(config, render=replace(config.render, theme=options.theme))
    find_arrangement(options.arrange)
    distant_picture_named(config.render.layer_pictures)
    if options.session is None:
        return Opening(config, options.specs(), options.detail, None)
    session = load_workspace(options.session)
    if options.trust:
        trust_models(session.models)
    check_trusted(session.models, options.session)
    if options.theme is not None:
        session = replace(session, state=replace(session.state, theme=options.theme))
    if options.recording is not None:  # in the place of the session's
        state = replace(session.state, training=TrainingState(options.step, options.step is None))
        session = replace(session, recording=options.recording, state=state)
    return Opening(config, session.models, session.detail, session)


@contextmanager
def open_offscreen(options: Options, image: ImageSource = None) -> Iterator[OffscreenApp]:
    """Open the models without a window, and restore the session if there is one.

    Args:
        options: The command line.
        image: What goes into the networks; None: the models' own samples.

    Raises:
        VrnnError: A file, a model or the image is wrong, or there is no OpenGL.
    """
    opening = read_opening(options)
    arguments = (opening.specs, opening.config, opening.detail, options.arrange, options.scale)
    with OffscreenApp(*arguments, image) as app:
        if options.session is not None:
            app.do(OpenSession(options.session))
            if options.theme is not None:
                app.do(SetTheme(options.theme))
            if image is not None:  # the session, with this image in place of its own
                app.show(image)
        if options.recording is not None:
            app.open_training(options.recording, options.step)
        with protect_inputs(_files_of(opening)):
            yield app


def _files_of(opening: Opening) -> Iterator[Path | None]:
    """Return what a session reads, beside what the command line names itself."""
    if opening.session is None:
        return
    for spec in opening.specs:
        yield from model_files(spec)
    yield opening.session.state.input_image.file
