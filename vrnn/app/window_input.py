"""Keyboard and mouse of the window: events become commands, and the cursor points."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vrnn.app.hud import Hud
from vrnn.app.mouse_navigation import MouseNavigation
from vrnn.app.navigator import WindowNavigator
from vrnn.app.window_parts import WindowParts
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.commands.image_cloud_selection import SelectImages
from vrnn.commands.inputs import SetInputImage
from vrnn.commands.key_bindings import KeyMap
from vrnn.commands.session import OpenSession
from vrnn.commands.view import GoToViewpoint, StoreViewpoint
from vrnn.controls.events import Drop, InputEvent, KeyPress, MouseButton, MouseDrag, Scroll
from vrnn.controls.fly_camera import DIRECTIONS
from vrnn.controls.lasso import Lasso
from vrnn.controls.pointer import Pointer
from vrnn.errors import VrnnError
from vrnn.scene.image_cloud import images_in_polygon
from vrnn.scene.map_areas import begin_region
from vrnn.scene.picking import Hit
from vrnn.scene.plan_view import plan_opacity
from vrnn.ui.hud.plan import plan_hit

CONTROL_KEYS = ("LEFT_CONTROL", "RIGHT_CONTROL")
TEXT_EDITING_KEYS = "ACVXYZ"
"""Keys that edit text while Control is held."""
PLAN_IS_SEEN = 0.5
"""Opacity of the plan from which that is pointed at in place of the world behind it."""


class WindowInput:
    """Routes each event to the panels or to the world."""

    def __init__(
        self, parts: WindowParts, hud: Hud, navigator: WindowNavigator, key_map: KeyMap,
        dispatcher: CommandDispatcher, pointer: Pointer, mouse: MouseNavigation,
    ) -> None:  # fmt: skip
        self._window, self._gui, self._view = parts.window, parts.gui, parts.view
        self._workspace, self._fly_camera = parts.workspace, parts.fly_camera
        self._hud, self._navigator = hud, navigator
        self._keys, self._key_map, self._dispatcher = key_map.keys, key_map, dispatcher
        self._pointer, self._mouse = pointer, mouse
        self._lasso: Lasso = hud.lasso
        self._pressed_at = (0.0, 0.0)
        self._pointed: tuple[object, ...] = ()
        self._first_cursor: tuple[float, float] | None = None
        self._chorded: set[str] = set()

    # Events.

    def process(self, events: Sequence[InputEvent]) -> bool:
        """Process keys and mouse; True when the panels were rebuilt."""
        changed = self._gui.step()  # first: what it captures is not for the world
        for event in events:
            if isinstance(event, KeyPress | Scroll) or (
                isinstance(event, MouseButton) and event.down
            ):
                self._navigator.opening.skip()
            if isinstance(event, KeyPress) and "CONTROL" in event.modifiers:
                self._chorded.add(event.name)
            if not self._gui_captures(event):
                self._handle(event)
        return changed

    def _gui_captures(self, event: InputEvent) -> bool:
        """Return whether an event is for the panels and not for the world."""
        dragging = self._pointer.dragging or self._mouse.dragging or self._lasso.active
        if isinstance(event, MouseButton) and not event.down and dragging:
            return False  # what is let go of over a panel
        if isinstance(event, MouseButton | Scroll):
            return self._gui.takes_mouse and not self._window.captured
        if not isinstance(event, KeyPress) or not self._gui.takes_keys:
            return False
        function_key = event.name.startswith("F") and event.name != "F"
        chord = "CONTROL" in event.modifiers and event.name not in TEXT_EDITING_KEYS
        return not function_key and not chord

    def _handle(self, event: InputEvent) -> None:
        """Act on an event; when a command cannot be done, a note tells why."""
        try:
            if isinstance(event, KeyPress):
                self._press_key(event)
            elif isinstance(event, MouseButton):
                with self._window.pointing_at(event.position):
                    self._press_mouse(event)
            elif isinstance(event, Drop):
                self._drop(event.paths)
            elif isinstance(event, MouseDrag):
                if not self._pointer.dragging:
                    self._mouse.drag(event)
            elif isinstance(event, Scroll) and self._window.captured:
                self._fly_camera.change_speed(event.steps)
                self._hud.notify(f"speed {self._fly_camera.speed:.1f} m/s")
            elif isinstance(event, Scroll):
                self._mouse.scroll(event)
        except VrnnError as error:
            self._hud.notify(str(error))

    def _press_key(self, key: KeyPress) -> None:
        if key.name in ("ENTER", "ESCAPE") and self._hud.dismiss():
            return
        info = self._key_map.command_for(key.name, key.modifiers)
        if info is not None:
            precise = self._window.is_key_down(self._keys.run)
            self._dispatcher.invoke(info, self._workspace.world.hovered, precise)
        elif key.name in self._keys.viewpoints:
            number = self._keys.viewpoints.index(key.name) + 1
            store = self._keys.store in key.modifiers
            self._dispatcher.execute((StoreViewpoint if store else GoToViewpoint)(number))

    def _press_mouse(self, button: MouseButton) -> None:
        """Handle a button: the left one clicks and drags things, all of them drag the view.

        A click on a callout leads to what it is about.

        Raises:
            VrnnError: When the command of a click cannot be done.
        """
        if button.down and button.name == "left" and self._hud.dismiss():
            return
        callout = self._hud.callout_at(*self._view.cursor) if button.down else ""
        if button.name == "left" and callout and not self._window.captured:
            world = self._workspace.world
            self._navigator.look_at(self._hud.callouts.points(world, callout))
            return
        if button.name == "left" and self._use_lasso(button.down):
            return
        if button.down:
            self._mouse.press(button.name)
        else:
            self._mouse.release()
        if button.name == "left":
            self._press_left(button.down)

    def _use_lasso(self, down: bool) -> bool:
        """Begin or end a lasso; False where there is none, as without Control or a cloud.

        A drag that begins on a map, or on the input, draws a box of positions instead.

        Raises:
            VrnnError: When the selection cannot be made.
        """
        cloud = self._workspace.world.image_cloud
        if down:
            held = any(map(self._window.is_key_down, CONTROL_KEYS))
            if not held or cloud is None or self._window.captured:
                return False
            ray, world = self._view.cursor_ray, self._workspace.world
            if begin_region(world, world.pick(ray.origin, ray.direction)) is not None:
                return False
            self._lasso.begin(self._view.cursor)
            return True
        if not self._lasso.active:
            return False
        polygon = self._lasso.end()
        if cloud is not None and len(polygon) > 2:
            clip = self._fly_camera.camera.clip_from_world(self._view.aspect)
            numbers = images_in_polygon(cloud, clip, polygon)
            adds = self._window.is_key_down(self._keys.run)
            self._dispatcher.execute(SelectImages(tuple(numbers.tolist()), adds=adds))
        return True

    def _press_left(self, down: bool) -> None:
        if down:
            self._gui.select_hovered()
            self._hud.callouts.press(*self._view.cursor)
        self._navigator.user_has_moved = True
        mouse = (0.0, 0.0) if self._window.captured else self._window.mouse
        if not down:
            if self._pointer.dragging and mouse != self._pressed_at:
                # In a slow frame the whole drag is over before it was seen.
                along_floor = self._window.is_key_down(self._keys.run)
                self._pointer.move(self._view.cursor_ray, along_floor)
            self._pointer.release(*mouse)
            return
        self._pressed_at = mouse
        boxes = any(map(self._window.is_key_down, CONTROL_KEYS))
        self._pointer.press(self._hit(), self._view.cursor_ray, *mouse, boxes)

    def _drop(self, paths: Sequence[str]) -> None:
        """Open a dropped session, or use dropped images: the first becomes the input."""
        self._navigator.user_has_moved = True
        if paths[0].lower().endswith(".json"):
            self._dispatcher.execute(OpenSession(Path(paths[0])))
            return
        files = [Path(path) for path in paths]
        self._workspace.input.set_browsable(files)
        self._dispatcher.execute(SetInputImage(files[0]))

    # Held keys, and what is pointed at.

    def held_directions(self) -> list[str]:
        """Return the walking directions, and `run`, whose keys are down."""
        names = () if self._gui.takes_keys else (*DIRECTIONS, "run")
        keys = {name: getattr(self._keys, name) for name in names}
        down = {name for name, key in keys.items() if self._window.is_key_down(key)}
        # Ctrl+S saves, and takes no step back, not even if Ctrl comes up before S does.
        self._chorded &= {keys[name] for name in down}
        chord = any(map(self._window.is_key_down, CONTROL_KEYS))
        held = [] if chord else [n for n in names if n in down and keys[n] not in self._chorded]
        if held and held != ["run"]:
            self._navigator.take_camera()
        return held

    def _hit(self) -> Hit | None:
        """What is pointed at, in the world or on the plan of it."""
        world, camera, view = self._workspace.world, self._fly_camera.camera, self._view
        if plan_opacity(world, camera) > PLAN_IS_SEEN:
            return plan_hit(world, camera, view.aspect, view.cursor)
        ray = view.cursor_ray
        return world.pick(ray.origin, ray.direction)

    def hover(self) -> bool:
        """Highlight what the cursor or the crosshair is on; True when the picture changed."""
        if self._lasso.active:
            return self._lasso.move(self._view.cursor)
        if self._gui.takes_mouse and not self._window.captured:
            return self._hover_panels()
        world, cursor = self._workspace.world, self._view.cursor
        camera = self._fly_camera.camera
        pointed = (cursor, camera, id(world.draw_list()))
        if pointed == self._pointed:
            return False
        ray = self._view.cursor_ray
        if self._pointer.dragging:
            try:
                self._pointer.move(ray, along_floor=self._window.is_key_down(self._keys.run))
            except VrnnError as error:  # the layer is gone, or folded away
                self._pointer.cancel()
                self._hud.notify(str(error))
            self._pointed = ()
            return True
        world.viewer = self._view.viewer
        before = world.hovered
        inside = max(map(abs, cursor)) <= 1
        hit = self._hit() if inside else None
        self._first_cursor = self._first_cursor or cursor
        moved = cursor != self._first_cursor  # else it is where it happened to be at the start
        active = moved or self._navigator.user_has_moved or self._window.captured
        world.hover(hit if active else None)
        self._pointed = (cursor, camera, id(world.draw_list()))
        return world.hovered != before or self._workspace.hand.image is not None

    def _hover_panels(self) -> bool:
        """Clear the highlight once when the mouse enters a panel, which may set its own."""
        if not self._pointed:
            return False
        self._pointed = ()
        before = self._workspace.world.hovered
        self._workspace.world.hover(None)
        return before is not None
