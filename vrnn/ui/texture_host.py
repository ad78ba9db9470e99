"""The panels in the headset: Dear ImGui drawn into a texture, with a keyboard to type on.

It has an ImGui context of its own, so that the panels of the window are not affected.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import moderngl
from imgui_bundle import imgui, implot

import vrnn.ui.panels  # noqa: F401  (registers them)
from vrnn.commands.context import Choice
from vrnn.commands.edit import Redo, Undo
from vrnn.commands.view import ShowWholeNetwork
from vrnn.render.gl_raw import SRGB8_ALPHA8
from vrnn.render.imgui_renderer import ImGuiRenderer
from vrnn.render.render_target import bind_default
from vrnn.style.theme_names import Theme
from vrnn.ui import style
from vrnn.ui import virtual_keyboard as keyboard
from vrnn.ui.command_palette import CommandPalette
from vrnn.ui.fault_message import balanced, tell_fault
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.panel_registry import PanelSet
from vrnn.ui.selection import HoverSelection, displayed_state
from vrnn.ui.widgets import has_pending_input, same_line_if_fits

SIZE = (1024, 1280)
"""Width and height of the texture, pixels."""
TEXT_PIXELS = 40.0
"""Height of a line of text, pixels."""
CAPITAL_FRACTION = 0.6
"""Height of a capital letter, as a fraction of the line's."""
SETTLING_REBUILDS = 3
"""Rebuilds after an input: what is under the pointer is known one rebuild later."""
MIN_REBUILD_SECONDS = 1 / 30
"""Seconds at least between two rebuilds: one takes a good part of a frame."""
REFRESH_SECONDS = 0.5
"""Seconds after which values that change by themselves (progress, times) are shown again."""


class TextureGui:
    """The panels, one at a time, on a texture that a ray or a finger points at.

    Attributes:
        context: What the panels work with.
        revision: How often the panels were drawn.
    """

    def __init__(
        self, ctx: moderngl.Context, context: PanelContext, rows: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Create the panels and their texture.

        Args:
            ctx: The current OpenGL context.
            context: What panels work with.
            rows: Buttons of the controllers, each with what it does, for the help.
        """
        self.context = context
        context.help_rows = rows
        self._texture = ctx.texture(SIZE, 4, internal_format=SRGB8_ALPHA8)
        self._texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._texture.repeat_x = self._texture.repeat_y = False
        # The mipmaps have to exist first: allocating them later, Mesa moves the texture in memory,
        # and the framebuffer goes on drawing where it was.
        self._texture.build_mipmaps()
        self._screen = ctx.framebuffer([self._texture])
        self._ctx = ctx
        self._renderer = ImGuiRenderer(ctx)
        context.make_texture = self._renderer.textures.image_ref
        outside = imgui.get_current_context(), implot.get_current_context()
        self._imgui_context, self._implot_context = imgui.create_context(), implot.create_context()
        with self._inside():
            self._configure()
        if outside[0] is not None:
            imgui.set_current_context(outside[0])
        if outside[1] is not None:
            implot.set_current_context(outside[1])
        self._palette = CommandPalette(9)
        self._panels = PanelSet()
        self._selection = HoverSelection()
        self._tab = self._panels.titles[0]
        self._caps: list[keyboard.KeyCap] = []
        self._at: tuple[float, float] | None = None
        self._rebuilds_due, self._last_rebuild = SETTLING_REBUILDS, 0.0
        self._built_state: object = None
        self.revision = 0
        self._styled: Theme | None = None

    def _configure(self) -> None:
        io = imgui.get_io()
        io.set_ini_filename("")
        io.backend_flags |= imgui.BackendFlags_.renderer_has_textures.value
        io.backend_flags |= imgui.BackendFlags_.renderer_has_vtx_offset.value
        io.config_input_text_cursor_blink = False
        style.load_font()
        io.display_size = imgui.ImVec2(*SIZE)
        io.add_focus_event(True)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        """Make this ImGui context current, and afterwards the former one."""
        before = imgui.get_current_context(), implot.get_current_context()
        imgui.set_current_context(self._imgui_context)
        implot.set_current_context(self._implot_context)
        try:
            yield
        finally:
            if before[0] is not None:
                imgui.set_current_context(before[0])
            if before[1] is not None:
                implot.set_current_context(before[1])

    # What hands do.

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the texture, pixels."""
        return SIZE

    @property
    def cap_height(self) -> float:
        """Height of a capital letter, pixels."""
        return CAPITAL_FRACTION * TEXT_PIXELS

    @property
    def texture(self) -> moderngl.Texture:
        """The texture that the panels are drawn to."""
        return self._texture

    @property
    def typing(self) -> bool:
        """Whether the keyboard is shown."""
        return bool(self._caps)

    def point(self, at: tuple[float, float] | None) -> None:
        """Move the pointer.

        Args:
            at: Pixel from the upper left corner; None when nothing points at the panels.
        """
        if at == self._at:
            return
        self._at = at
        with self._inside():
            if at is None or self._on_keys:
                imgui.get_io().add_mouse_pos_event(-1e6, -1e6)
            else:
                imgui.get_io().add_mouse_pos_event(*at)
        self._request_rebuild()

    def press(self, down: bool) -> None:
        """Press or release at the pointer, as a trigger does."""
        cap = self._hovered_key()
        with self._inside():
            if not self._on_keys:
                imgui.get_io().add_mouse_button_event(0, down)
            elif cap is not None and down:
                keyboard.press(cap, imgui.get_io())
        self._request_rebuild()

    def scroll(self, lines: float) -> None:
        """Scroll up by a number of lines; negative scrolls down."""
        with self._inside():
            imgui.get_io().add_mouse_wheel_event(0.0, lines / 5)
        self._request_rebuild()

    def open_palette(self) -> None:
        """Open the command palette."""
        self._palette.open(self.context)
        self._request_rebuild()

    def offer(self, choices: Sequence[Choice], question: str = "") -> None:
        """List several things to choose from, in the palette."""
        self._palette.offer(choices, question)
        self._request_rebuild()

    @property
    def _on_keys(self) -> bool:
        """Whether the pointer is on the keyboard."""
        top = SIZE[1] - keyboard.keyboard_height(TEXT_PIXELS)
        return bool(self._caps) and self._at is not None and self._at[1] >= top

    def _hovered_key(self) -> keyboard.KeyCap | None:
        return keyboard.key_at(self._caps, *self._at) if self._at is not None else None

    def _request_rebuild(self) -> None:
        self._rebuilds_due = SETTLING_REBUILDS

    # Rebuilding.

    def step(self) -> bool:
        """Rebuild the panels and draw them to the texture if needed; True when they were drawn."""
        self._selection.step(self.context)
        if self.context.previewed is not None:
            with self._inside():
                held = imgui.is_any_item_active()
            if not held:
                self.context.end_preview()
        now = time.perf_counter()
        if displayed_state(self.context) != self._built_state:
            self._request_rebuild()
        in_progress = bool(self.context.workspace.jobs.statuses) or bool(
            self.context.workspace.feed.progress
        )
        if now - self._last_rebuild < MIN_REBUILD_SECONDS or not (
            self._rebuilds_due or (in_progress and now - self._last_rebuild > REFRESH_SECONDS)
        ):
            return False
        self._rebuilds_due = max(0, self._rebuilds_due - 1)
        with self._inside():
            imgui.get_io().delta_time = min(max(now - self._last_rebuild, 1e-4), 0.5)
            self._rebuild()
            self._renderer.upload_draw_data(imgui.get_draw_data())
            if has_pending_input():
                self._request_rebuild()
        self._last_rebuild, self._built_state = now, displayed_state(self.context)
        self.revision += 1
        self._screen.use()
        self._screen.clear(0.0, 0.0, 0.0, 1.0)
        self._renderer.draw(self._screen, SIZE)
        self._texture.build_mipmaps()
        return True

    def _rebuild(self) -> None:
        theme = self.context.world.state.theme
        if self._styled != theme:
            self._styled = theme
            style.apply(style.DEFAULT_TEXT_POINTS, TEXT_PIXELS / style.DEFAULT_TEXT_POINTS, theme)
        imgui.new_frame()
        io = imgui.get_io()
        self._caps = keyboard.key_caps(*SIZE, TEXT_PIXELS) if io.want_text_input else []
        height = SIZE[1] - (keyboard.keyboard_height(TEXT_PIXELS) if self._caps else 0)
        imgui.set_next_window_pos((0, 0))
        imgui.set_next_window_size((SIZE[0], height))
        flags = imgui.WindowFlags_
        kind = flags.no_decoration | flags.no_move | flags.no_bring_to_front_on_focus
        try:
            with balanced():
                imgui.begin("##board", None, kind.value)
                self._draw_buttons()
                self._draw_tabs()
                imgui.end()
                self._palette.draw(self.context)
        except Exception as error:
            self._palette.close()
            tell_fault(self.context, "the panels", error)
        if self._caps:
            keyboard.draw(self._caps, self._hovered_key(), *SIZE, TEXT_PIXELS)
        imgui.render()

    def _draw_buttons(self) -> None:
        history = self.context.workspace.history
        if imgui.button("Find"):
            self._palette.open(self.context)
        imgui.same_line()
        if imgui.button("On a table"):
            self.context.do(ShowWholeNetwork())
        for text, command, enabled in (
            ("Undo", Undo(), bool(history.undo_label)),
            ("Redo", Redo(), bool(history.redo_label)),
        ):
            imgui.same_line()
            imgui.begin_disabled(not enabled)
            if imgui.button(text):
                self.context.do(command)
            imgui.end_disabled()

    def _draw_tabs(self) -> None:
        for number, name in enumerate(self._panels.titles):
            if number:
                same_line_if_fits(name)
            selected = name == self._tab
            if selected:
                imgui.push_style_color(imgui.Col_.button, style.COLORS["header_active"])
            if imgui.button(name):
                self._tab = name
            if selected:
                imgui.pop_style_color()
        imgui.separator()
        imgui.begin_child(f"##{self._tab}")
        self._panels.draw(self._tab, self.context)
        imgui.end_child()

    def release(self) -> None:
        """Release all resources."""
        # Not inside: on the way out, that would make the destroyed contexts current again.
        implot.destroy_context(self._implot_context)
        imgui.destroy_context(self._imgui_context)
        self._renderer.release()
        bind_default(self._ctx)
        self._screen.release()
        self._texture.release()
