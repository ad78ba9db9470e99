"""An OpenGL context without a screen, clean before and after each test."""

import moderngl
import pytest

from vrnn.render.context import offscreen_context


@pytest.fixture(scope="session")
def context():
    ctx = offscreen_context()
    yield ctx
    ctx.release()


@pytest.fixture
def ctx(context: moderngl.Context):
    with context:  # current also after tests that had a window or a context of their own
        assert context.error == "GL_NO_ERROR"
        yield context
        assert context.error == "GL_NO_ERROR"
