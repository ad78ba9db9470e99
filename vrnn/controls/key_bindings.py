"""What each key and the mouse do in the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vrnn.commands.display import FoldAllStages, SetArrangement, SetColorMapping
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.session import Redo, Undo
from vrnn.commands.targets import (
    ablate,
    cycle_pin,
    show_top_activations,
    toggle_feature_visualization,
)
from vrnn.config.schema import Keys
from vrnn.controls.events import Drop, InputEvent, KeyPress, MouseButton, MouseLook, Scroll
from vrnn.errors import VrnnError
from vrnn.scene.camera import Camera
from vrnn.scene.viewpoints import frame_layer, start_camera
from vrnn.style.colormap import COLOR_RANGE_TEXT, COLOR_RANGES
from vrnn.workspace.workspace import Workspace

if TYPE_CHECKING:
    from vrnn.app.desktop import DesktopApp

READY_PLACES = ("overview", "front", "top")
"""Where keys 1, 2 and 3 lead until something else is stored; 4 leads to the start."""


class KeyBindings:
    """Turns input into calls of the app's parts."""

    def __init__(self, app: DesktopApp, keys: Keys) -> None:
        self._app, self._keys = app, keys
        self.viewpoints: dict[int, Camera] = {}
        self._image = 0
        self._actions: dict[str, Callable[[], None]] = {
            keys.frame: self._frame,
            keys.home: lambda: self._go("overview"),
            keys.arrange: self._arrange,
            keys.scale: self._scale,
            keys.next_image: lambda: self._step_image(1),
            keys.previous_image: lambda: self._step_image(-1),
            keys.fold: self._fold_stages,
            keys.magnify: self._magnify,
            keys.minimap: self._minimap,
            keys.top_images: self._top,
            keys.features: self._features,
            keys.switch: self._switch,
            keys.pin: self._pin,
            keys.screenshot: app.screenshot,
            keys.help: self._help,
            keys.free_cursor: self._free,
            keys.panels: app.gui.toggle,
            keys.palette: self._palette,
            keys.undo: lambda: app.do(Undo()),
            keys.redo: lambda: app.do(Redo()),
            "CONTROL+SHIFT+Z": lambda: app.do(Redo()),
            keys.larger_text: lambda: app.gui.grow(1),
            keys.smaller_text: lambda: app.gui.grow(-1),
            "CONTROL+SHIFT+EQUAL": lambda: app.gui.grow(1),
            "CONTROL+KP_ADD": lambda: app.gui.grow(1),
            "CONTROL+KP_SUBTRACT": lambda: app.gui.grow(-1),
            "CONTROL+0": lambda: app.gui.grow(0),
        }

    def key(self, action: str) -> str:
        """The key of an action that goes on while it is held."""
        return str(getattr(self._keys, action))

    def handle(self, event: InputEvent) -> None:
        """Do what an input asks for; a refusal is shown as a note."""
        app = self._app
        try:
            if isinstance(event, KeyPress):
                self._press(event)
            elif isinstance(event, MouseButton):
                if event.name == "left" and not (event.down and app.dismiss()):
                    if event.down:
                        app.gui.pick()
                    app.press(event.down)
            elif isinstance(event, Drop):
                app.drop(event.paths)
            elif isinstance(event, MouseLook):
                app.user_has_moved = True
                app.walker.rotate(event.right, event.down)
            elif isinstance(event, Scroll):
                app.walker.change_speed(event.steps)
                app.notify(f"speed {app.walker.speed:.1f} m/s")
        except VrnnError as error:
            app.notify(str(error))

    def _press(self, key: KeyPress) -> None:
        if key.name in ("ENTER", "ESCAPE") and self._app.dismiss():
            return
        chord = "+".join(
            [m for m in ("CONTROL", "SHIFT", "ALT") if m in key.modifiers] + [key.name]
        )
        if chord != key.name and chord in self._actions:
            self._actions[chord]()
        elif "CONTROL" in key.modifiers and key.name in ("V", "S", "R"):
            self._with_control(key)
        elif key.name in self._keys.places:
            self._place(self._keys.places.index(key.name), self._keys.store in key.modifiers)
        elif key.name in self._actions and "ALT" not in key.modifiers:
            self._actions[key.name]()

    def _with_control(self, key: KeyPress) -> None:
        if key.name == "V":
            self._app.paste()
        elif key.name == "S":
            self._app.save_session()
        else:
            self._app.restore_autosave()

    def _place(self, number: int, store: bool) -> None:
        app = self._app
        if store:
            self.viewpoints[number] = app.walker.camera
            app.notify(f"place {number + 1} stored")
        elif number in self.viewpoints:
            app.user_has_moved = True
            app.walker.fly_to(self.viewpoints[number])
        elif number < len(READY_PLACES):
            self._go(READY_PLACES[number])
        elif number == len(READY_PLACES) and app.world.slots:
            app.user_has_moved = True
            app.walker.fly_to(start_camera(app.world, app.walker.camera.fov))
        else:
            held = self._keys.store.capitalize()
            app.notify(f"place {number + 1} is empty: {held}+{number + 1} stores where you are")

    def _go(self, name: str) -> None:
        if self._app.world.slots:
            self._app.user_has_moved = True
            self._app.walker.fly_to(self._app.view(name))

    def _frame(self) -> None:
        app = self._app
        (x, y), camera = app.cursor, app.walker.camera
        hit = app.world.pick(camera.position, camera.ray(x, y, app.aspect))
        if hit is None or hit.layer is None:
            app.notify("point at a layer to frame it")
            return
        app.user_has_moved = True
        app.walker.fly_to(frame_layer(app.world, *hit.layer, app.aspect, camera.fov))

    def _arrange(self) -> None:
        app = self._app
        app.place.execute(SetArrangement())
        app.notify(app.world.state.arrangement)
        if app.world.slots:
            app.walker.fly_to(app.view_after_move("overview"))

    def _scale(self) -> None:
        now = COLOR_RANGES.index(self._app.world.state.color_mapping.normalize_by)
        scale = COLOR_RANGES[(now + 1) % len(COLOR_RANGES)]
        self._app.place.execute(SetColorMapping(normalize_by=scale))
        self._app.notify(f"colors: {COLOR_RANGE_TEXT[scale]}")

    def _step_image(self, step: int) -> None:
        app = self._app
        data = app.feed.datasets.get(0)
        count = len(app.images) or (len(data) if data is not None else 0)
        if not count:
            app.notify(
                "there is only one image: start with --image (several times) or --data FOLDER"
            )
            return
        self._image = (self._image + step) % count
        if app.images:
            app.place.execute(set_input_command(app.images[self._image], app.place))
        else:
            app.place.execute(SetInputImage(number=self._image))
        app.notify(f"image {self._image + 1} of {count}")

    def _fold_stages(self) -> None:
        self._app.place.execute(FoldAllStages())
        if self._app.world.slots:
            self._app.user_has_moved = True
            self._app.walker.fly_to(self._app.view_after_move("overview"))

    def _top(self) -> None:
        self._app.place.execute(show_top_activations(self._app.world, self._app.world.hovered))

    def _features(self) -> None:
        hit = self._app.world.hovered
        if hit is not None:
            self._app.place.jobs.pictures.prioritize((max(hit.channel, 0),))
        self._app.place.execute(
            toggle_feature_visualization(self._app.world, hit, self._app.gui.features.settings)
        )

    def _switch(self) -> None:
        one = self._app.window.is_key_down(self._keys.run)
        self._app.place.execute(ablate(self._app.world, self._app.world.hovered, one))
        count = len(self._app.world.state.ablations)
        self._app.notify(f"switched off: {count}" if count else "everything is on")

    def _pin(self) -> None:
        self._app.place.execute(cycle_pin(self._app.world, self._app.world.hovered))

    def _minimap(self) -> None:
        self._app.map = not self._app.map

    def _magnify(self) -> None:
        kinds = ("", "sharp", "smooth")
        self._app.magnify = kinds[(kinds.index(self._app.magnify) + 1) % 3]
        self._app.notify(f"magnifier: {self._app.magnify or 'off'}")

    def _help(self) -> None:
        self._app.help = not self._app.help

    def _palette(self) -> None:
        self._app.window.capture(False)
        self._app.gui.toggle_palette()

    def _free(self) -> None:
        if self._app.help:
            self._app.help = False
        elif not self._app.pointer.cancel():
            self._app.window.capture(False)


def set_input_command(image: Path | np.ndarray | int, place: Workspace) -> SetInputImage:
    """The action that puts an image in."""
    picture = place.picture_of(image)
    return SetInputImage(picture.file, picture.number, pixels=picture.pixels)


def name_of_key(key: str) -> str:
    """A key as a person reads it."""
    known = {"ESCAPE": "Esc", "CONTROL": "Ctrl", "EQUAL": "=", "MINUS": "−"}
    return "+".join(
        known.get(part, part if len(part) < 3 else part.replace("_", " ").title())
        for part in key.split("+")
    )


def help_rows(keys: Keys) -> tuple[tuple[str, str], ...]:
    """Keys and what they do, for the help sheet."""

    name = name_of_key
    walk = " ".join(name(k) for k in (keys.forward, keys.left, keys.back, keys.right))
    return (
        ("click", "pick up an image or a map; put it into the input; touch a bracket or button"),
        ("click on nothing", "take the cursor: the mouse turns you (or hold the right button)"),
        (name(keys.free_cursor), "let go, free the cursor"),
        ("drag a name", "move the layer; with Shift along the floor; its corner scales"),
        ("double click", "fold or open a layer"),
        (name(keys.fold), "fold all stages, or open them"),
        (name(keys.magnify), "magnify the map you point at: sharp, smooth, not"),
        (name(keys.minimap), "the place from above"),
        (name(keys.top_images), "the images that excite the channel you point at"),
        (name(keys.features), "what the channels of the layer you point at look for"),
        (name(keys.switch), "switch the channel you point at off, or on again; with Shift a unit"),
        (name(keys.pin), "keep a double of the layer; then the difference; then none"),
        ("Ctrl+V, drop a file", "put an image in"),
        ("Ctrl+S", "keep the place in a file"),
        ("Ctrl+R", "back to where the last visit ended"),
        (walk, "walk and fly"),
        (f"{name(keys.down)} {name(keys.up)}", "down, up"),
        (name(keys.run), "run"),
        ("wheel", "speed"),
        (name(keys.frame), "frame the layer you point at"),
        (name(keys.home), "see everything"),
        (name(keys.arrange), "terrace or conveyor"),
        (name(keys.scale), "colors by map, layer or network"),
        (f"{name(keys.previous_image)} {name(keys.next_image)}", "previous, next image"),
        (f"{keys.places[0]} … {keys.places[-1]}", "go to a place"),
        (f"{name(keys.store)}+{keys.places[0]} … {keys.places[-1]}", "store this place"),
        (name(keys.screenshot), "screenshot"),
        (name(keys.panels), "panels"),
        (name(keys.palette), "find a layer or an action"),
        (f"{name(keys.undo)} {name(keys.redo)}", "undo, redo"),
        (f"{name(keys.larger_text)} {name(keys.smaller_text)}", "size of the panels' text"),
        (name(keys.help), "this help"),
    )
