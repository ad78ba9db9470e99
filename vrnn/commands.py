"""What each key and the mouse do in the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vrnn.actions import Arrange, Colour
from vrnn.config import Keys
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera
from vrnn.scene.display import SCALES
from vrnn.scene.viewpoints import at_layer, start
from vrnn.ui.overlay import SCALE_TEXT
from vrnn.window import Click, Input, Key, Look, Scroll

if TYPE_CHECKING:
    from vrnn.app import App

READY_PLACES = ("overview", "front", "top")
"""Where keys 1, 2 and 3 lead until something else is stored; 4 leads to the start."""


class Commands:
    """Turns input into calls of the app's parts."""

    def __init__(self, app: App, keys: Keys) -> None:
        self._app, self._keys = app, keys
        self._stored: dict[int, Camera] = {}
        self._image = 0
        self._actions: dict[str, Callable[[], None]] = {
            keys.frame: self._frame,
            keys.home: lambda: self._go("overview"),
            keys.arrange: self._arrange,
            keys.scale: self._scale,
            keys.next_image: lambda: self._step_image(1),
            keys.previous_image: lambda: self._step_image(-1),
            keys.screenshot: app.screenshot,
            keys.help: self._help,
            keys.free_cursor: self._free,
        }

    def key(self, action: str) -> str:
        """The key of an action that goes on while it is held."""
        return str(getattr(self._keys, action))

    def handle(self, event: Input) -> None:
        """Do what an input asks for; a refusal is shown as a note."""
        app = self._app
        try:
            if isinstance(event, Key):
                self._press(event)
            elif isinstance(event, Click) and not app.dismiss():
                app.touched = True
                app.window.capture(True)
            elif isinstance(event, Look):
                app.touched = True
                app.walker.look(event.right, event.down)
            elif isinstance(event, Scroll):
                app.walker.change_speed(event.steps)
                app.note(f"speed {app.walker.speed:.1f} m/s")
        except VrnnError as error:
            app.note(str(error))

    def _press(self, key: Key) -> None:
        if key.name in ("ENTER", "ESCAPE") and self._app.dismiss():
            return
        if key.name in self._keys.places:
            self._place(self._keys.places.index(key.name), self._keys.store in key.modifiers)
        elif key.name in self._actions and "ALT" not in key.modifiers:
            self._actions[key.name]()

    def _place(self, number: int, store: bool) -> None:
        app = self._app
        if store:
            self._stored[number] = app.walker.camera
            app.note(f"place {number + 1} stored")
        elif number in self._stored:
            app.touched = True
            app.walker.go(self._stored[number])
        elif number < len(READY_PLACES):
            self._go(READY_PLACES[number])
        elif number == len(READY_PLACES) and app.world.slots:
            app.touched = True
            app.walker.go(start(app.world, app.walker.camera.fov))
        else:
            held = self._keys.store.capitalize()
            app.note(f"place {number + 1} is empty: {held}+{number + 1} stores where you are")

    def _go(self, name: str) -> None:
        if self._app.world.slots:
            self._app.touched = True
            self._app.walker.go(self._app.view(name))

    def _frame(self) -> None:
        app = self._app
        (x, y), camera = app.window.cursor, app.walker.camera
        hit = app.world.pick(camera.position, camera.ray(x, y, app.aspect))
        if hit is None or hit.layer is None:
            app.note("point at a layer to frame it")
            return
        app.touched = True
        app.walker.go(at_layer(app.world, *hit.layer, app.aspect, camera.fov))

    def _arrange(self) -> None:
        app = self._app
        app.place.do(Arrange())
        app.note(app.world.state.arrangement)
        if app.world.slots:
            app.walker.go(app.view_after_move("overview"))

    def _scale(self) -> None:
        now = SCALES.index(self._app.world.state.display.scale)
        scale = SCALES[(now + 1) % len(SCALES)]
        self._app.place.do(Colour(scale=scale))
        self._app.note(f"colours: {SCALE_TEXT[scale]}")

    def _step_image(self, step: int) -> None:
        app = self._app
        data = app.feed.datasets.get(0)
        count = len(app.images) or (len(data) if data is not None else 0)
        if not count:
            app.note("there is only one image: start with --image (several times) or --data FOLDER")
            return
        self._image = (self._image + step) % count
        app.worker.show(app.images[self._image] if app.images else self._image)
        app.note(f"image {self._image + 1} of {count}")

    def _help(self) -> None:
        self._app.help = not self._app.help

    def _free(self) -> None:
        if self._app.help:
            self._app.help = False
        else:
            self._app.window.capture(False)


def help_rows(keys: Keys) -> tuple[tuple[str, str], ...]:
    """Keys and what they do, for the help sheet."""

    def name(key: str) -> str:
        return {"ESCAPE": "Esc"}.get(key, key if len(key) < 3 else key.replace("_", " ").title())

    walk = " ".join(name(k) for k in (keys.forward, keys.left, keys.back, keys.right))
    return (
        ("click", "take the cursor: the mouse turns you"),
        (name(keys.free_cursor), "free the cursor"),
        (walk, "walk and fly"),
        (f"{name(keys.down)} {name(keys.up)}", "down, up"),
        (name(keys.run), "run"),
        ("wheel", "speed"),
        (name(keys.frame), "frame the layer you point at"),
        (name(keys.home), "see everything"),
        (name(keys.arrange), "terrace or conveyor"),
        (name(keys.scale), "colours by map, layer or network"),
        (f"{name(keys.previous_image)} {name(keys.next_image)}", "previous, next image"),
        (f"{keys.places[0]} … {keys.places[-1]}", "go to a place"),
        (f"{name(keys.store)}+{keys.places[0]} … {keys.places[-1]}", "store this place"),
        (name(keys.screenshot), "screenshot"),
        (name(keys.help), "this help"),
    )
