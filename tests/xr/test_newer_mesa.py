"""The golden pictures are the same with the newer Mesa that comes with the runtime."""

VERSION = """
from vrnn.render.context import offscreen_context
print(offscreen_context().info["GL_VERSION"])
"""


def test_golden_pictures(runtime, tmp_path):
    shown = runtime.python("-c", VERSION)
    assert "Mesa 25" in shown.stdout, shown.stderr
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'pictures'}")
    result = runtime.python(*words, "tests/app/test_golden_pictures.py")
    assert result.returncode == 0, result.stdout[-3000:]
    assert "skipped" not in result.stdout
