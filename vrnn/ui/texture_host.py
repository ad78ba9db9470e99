"""The panels on a board in the world: Dear ImGui drawn into a texture, with keys to type on.

It has a context of ImGui's own, so that the panels of the window beside it stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import moderngl
from imgui_bundle import imgui, implot

import vrnn.ui.panels  # noqa: F401  (registers them)
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.view import ShowWholeNetwork
from vrnn.render.imgui_renderer import ImGuiRenderer
from vrnn.render.render_target import bind_default
from vrnn.ui import style
from vrnn.ui import virtual_keyboard as keyboard
from vrnn.ui.command_palette import CommandPalette
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import PanelSet
from vrnn.ui.selection import HoverSelection, displayed_state
from vrnn.ui.widgets import has_pending_input, same_line_if_fits

SIZE = (1024, 1280)
"""Pixels."""
TEXT_PIXELS = 40.0
"""Height of a line of text, pixels."""
CAPITAL_FRACTION = 0.6
"""Height of a capital letter, of the text's."""
SETTLING_REBUILDS = 3
"""Times that panels are made anew after an input."""
MIN_REBUILD_SECONDS = 1 / 30
"""Seconds at least from one making to the next: it takes a good part of a frame."""
REFRESH_SECONDS = 0.5
SRGB8_ALPHA8 = 0x8C43


class TextureGui:
    """Panels, one at a time, on a texture that is pointed at with a ray."""

    def __init__(
        self, ctx: moderngl.Context, context: PanelContext, rows: Sequence[tuple[str, str]] = ()
    ) -> None:
        """rows: buttons and what they do, for the help."""
        self.context = context
        context.help_rows = rows
        self._texture = ctx.texture(SIZE, 4, internal_format=SRGB8_ALPHA8)
        self._texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._texture.anisotropy = 8.0
        self._texture.repeat_x = self._texture.repeat_y = False
        # Its small copies have to be there first: making room for them later, Mesa moves the
        # texture in memory, and the framebuffer goes on drawing where it was.
        self._texture.build_mipmaps()
        self._screen = ctx.framebuffer([self._texture])
        self._ctx = ctx
        self._renderer = ImGuiRenderer(ctx)
        context.make_texture = self._renderer.picture
        outside = imgui.get_current_context(), implot.get_current_context()
        self._imgui_context, self._plots = imgui.create_context(), implot.create_context()
        with self._inside():
            self._set_up()
        if outside[0] is not None:
            imgui.set_current_context(outside[0])
        if outside[1] is not None:
            implot.set_current_context(outside[1])
        self._palette = CommandPalette(9)
        self._panels = PanelSet()
        self._follow = HoverSelection()
        self._tab = self._panels.titles[0]
        self._caps: list[keyboard.KeyCap] = []
        self._at: tuple[float, float] | None = None
        self._settling, self._made = SETTLING_REBUILDS, 0.0
        self._stamp: object = None

    def _set_up(self) -> None:
        io = imgui.get_io()
        io.set_ini_filename("")
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
        io.backend_flags |= imgui.BackendFlags_.renderer_has_vtx_offset.value
        io.config_input_text_cursor_blink = False
        style.load_font()
        style.apply(style.DEFAULT_TEXT_POINTS, TEXT_PIXELS / style.DEFAULT_TEXT_POINTS)
        io.display_size = imgui.ImVec2(*SIZE)
        io.add_focus_event(True)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """ImGui's context is the board's, then again what it was."""
        before = imgui.get_current_context(), implot.get_current_context()
        imgui.set_current_context(self._imgui_context)
        implot.set_current_context(self._plots)
        try:
            yield
        finally:
            if before[0] is not None:
                imgui.set_current_context(before[0])
            if before[1] is not None:
                implot.set_current_context(before[1])

    # What hands do with it.

    @property
    def size(self) -> tuple[int, int]:
        """Of its picture, pixels."""
        return SIZE

    @property
    def cap_height(self) -> float:
        """Height of a capital letter, pixels."""
        return CAPITAL_FRACTION * TEXT_PIXELS

    @property
    def texture(self) -> moderngl.Texture:
        """Its picture."""
        return self._texture

    @property
    def typing(self) -> bool:
        """Whether keys are shown to type with."""
        return bool(self._caps)

    def point(self, at: tuple[float, float] | None) -> None:
        """A ray is at this pixel, or nowhere on it."""
        if at == self._at:
            return
        self._at = at
        with self._inside():
            if at is None or self._on_keys:
                imgui.get_io().add_mouse_pos_event(-1e6, -1e6)
            else:
                imgui.get_io().add_mouse_pos_event(*at)
        self._stir()

    def press(self, down: bool) -> None:
        """The trigger went down or up."""
        cap = self._cap()
        with self._inside():
            if not self._on_keys:
                imgui.get_io().add_mouse_button_event(0, down)
            elif cap is not None and down:
                keyboard.press(cap, imgui.get_io())
        self._stir()

    def scroll(self, lines: float) -> None:
        """Go up by so many lines."""
        with self._inside():
            imgui.get_io().add_mouse_wheel_event(0.0, lines / 5)
        self._stir()

    def open_palette(self) -> None:
        """Open what finds a layer by its name."""
        self._palette.open(self.context)
        self._stir()

    @property
    def _on_keys(self) -> bool:
        """Whether the ray is on the keys, or between them."""
        top = SIZE[1] - keyboard.keyboard_height(TEXT_PIXELS)
        return bool(self._caps) and self._at is not None and self._at[1] >= top

    def _cap(self) -> keyboard.KeyCap | None:
        return keyboard.key_at(self._caps, *self._at) if self._at is not None else None

    def _stir(self) -> None:
        self._settling = SETTLING_REBUILDS

    # Making its picture.

    def step(self) -> bool:
        """Make the picture anew if something calls for it. True when it was."""
        self._follow.step(self.context)
        now = time.perf_counter()
        stamp = displayed_state(self.context)
        if stamp != self._stamp:
            self._stir()
        going_on = bool(self.context.workspace.jobs.statuses) or bool(
            self.context.workspace.feed.progress
        )
        if now - self._made < MIN_REBUILD_SECONDS or not (
            self._settling or (going_on and now - self._made > REFRESH_SECONDS)
        ):
            return False
        self._settling = max(0, self._settling - 1)
        with self._inside():
            imgui.get_io().delta_time = min(max(now - self._made, 1e-4), 0.5)
            self._make()
            self._renderer.upload_draw_data(imgui.get_draw_data())
            if has_pending_input():
                self._stir()
        self._made, self._stamp = now, displayed_state(self.context)
        self._screen.use()
        self._screen.clear(*(0.0, 0.0, 0.0, 1.0))
        self._renderer.draw(self._screen, SIZE)
        self._texture.build_mipmaps()
        return True

    def _make(self) -> None:
        imgui.new_frame()
        io = imgui.get_io()
        self._caps = keyboard.key_caps(*SIZE, TEXT_PIXELS) if io.want_text_input else []
        room = SIZE[1] - (keyboard.keyboard_height(TEXT_PIXELS) if self._caps else 0)
        imgui.set_next_window_pos((0, 0))
        imgui.set_next_window_size((SIZE[0], room))
        flags = imgui.WindowFlags_
        kind = flags.no_decoration | flags.no_move | flags.no_bring_to_front_on_focus
        imgui.begin("##board", None, kind.value)
        self._buttons()
        self._tabs()
        imgui.end()
        self._palette.draw(self.context)
        if self._caps:
            keyboard.draw(self._caps, self._cap(), *SIZE, TEXT_PIXELS)
        imgui.render()

    def _buttons(self) -> None:
        history = self.context.workspace.history
        if imgui.button("Find"):
            self._palette.open(self.context)
        imgui.same_line()
        if imgui.button("On a table"):
            self.context.do(ShowWholeNetwork())
        for text, action, can in (
            ("Undo", Undo(), bool(history.undo_label)),
            ("Redo", Redo(), bool(history.redo_label)),
        ):
            imgui.same_line()
            imgui.begin_disabled(not can)
            if imgui.button(text):
                self.context.do(action)
            imgui.end_disabled()

    def _tabs(self) -> None:
        for number, name in enumerate(self._panels.titles):
            if number:
                same_line_if_fits(name)
            chosen = name == self._tab
            if chosen:
                imgui.push_style_color(imgui.Col_.button, style.COLORS["header_active"])
            if imgui.button(name):
                self._tab = name
            if chosen:
                imgui.pop_style_color()
        imgui.separator()
        imgui.begin_child(f"##{self._tab}")
        self._panels.draw(self._tab, self.context)
        imgui.end_child()

    def release(self) -> None:
        """Give everything back."""
        with self._inside():
            implot.destroy_context(self._plots)
            imgui.destroy_context(self._imgui_context)
        self._renderer.release()
        bind_default(self._ctx)
        self._screen.release()
        self._texture.release()
