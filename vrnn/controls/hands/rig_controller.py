"""The rig controller of a session with controllers or tracked hands."""

from __future__ import annotations

from pathlib import Path

from vrnn.commands.context import CommandContext
from vrnn.commands.dispatcher import CommandDispatcher
from vrnn.config.schema import Config
from vrnn.controls.hands.hand_controls import HandControls
from vrnn.controls.hands.hand_visuals import HAND_CARDS, MESSAGE_CARD, draw_hands, layout_labels
from vrnn.controls.hands.label_cache import LabelCache
from vrnn.controls.hands.onboarding_hints import help_rows
from vrnn.render.renderer import Renderer
from vrnn.scene.camera import Camera
from vrnn.scene.headset.floating_panel import PANEL_TEXTURE
from vrnn.scene.headset.panel_image import PanelImage
from vrnn.scene.headset.rig_math import with_eye_at
from vrnn.scene.headset.tracking import HandInput, Rig, TrackingFrame
from vrnn.scene.primitives import DrawList
from vrnn.storage.closeable import Closeable
from vrnn.ui.panel_context import PanelContext
from vrnn.ui.text_card_images import TextCardImages
from vrnn.ui.texture_host import TextureGui
from vrnn.workspace.workspace import Workspace
from vrnn.xr.input import HandInputReader
from vrnn.xr.session import HeadsetFrameState, HeadsetSession


class HandRigController(Closeable):
    """Moves the stage of a `HeadsetView` by what both hands do, and draws hands and panels.

    Attributes:
        controls: What the hands do.
        panel_gui: The panels on the floating panel.
        input: Reads the hands of the current session; None between two.
    """

    def __init__(
        self, workspace: Workspace, renderer: Renderer, config: Config, context: CommandContext,
        hints_file: Path | None = None, rig: Rig | None = None,
    ) -> None:  # fmt: skip
        """Starts without a session.

        Args:
            workspace: What the hands work on.
            renderer: Draws the floating panel.
            config: The settings.
            context: What commands run on, apart from going somewhere and what hands show.
            hints_file: Remembers that the hints were read; None: nothing does.
            rig: Where the stage is at first; None: before the input.
        """
        self._renderer = renderer
        panels = PanelContext(workspace, CommandDispatcher(context), self.notify)
        self.panel_gui = TextureGui(renderer.ctx, panels, help_rows())
        renderer.register_texture(PANEL_TEXTURE, self.panel_gui.texture)
        self.controls = HandControls(
            workspace, config.comfort, context, self.panel_gui, hints_file, rig
        )
        panels.dispatcher = self.controls.dispatcher
        self.controls.deferred_highlight = True
        self._labels = LabelCache()
        self._cards = TextCardImages(renderer, (*HAND_CARDS, MESSAGE_CARD))
        self.input: HandInputReader | None = None
        self._headset: HeadsetSession | None = None

    def notify(self, text: str) -> None:
        """Shows a message before the eyes for a few seconds."""
        self.controls.feedback.notify(text)

    def attach(self, headset: HeadsetSession) -> None:
        """Takes the controllers of a session.

        Args:
            headset: Has just been created, and has shown no frame yet.

        Raises:
            HeadsetError: The runtime refuses.
        """
        self.detach()
        self.controls.feedback.clear()
        runtime = headset.runtime
        self.input = HandInputReader(
            runtime.xr, runtime.calls, runtime.instance, headset.session, runtime.info.extensions
        )
        self._headset = headset

    def detach(self) -> None:
        """Lets go of the controllers, before their session is closed."""
        if self.input is not None:
            self.input.close()
            self.input = self._headset = None

    def read_hands(self, frame: HeadsetFrameState) -> tuple[HandInput, HandInput]:
        """Reads what both hands do at the time of a frame.

        Raises:
            HeadsetLost: The runtime is gone.
        """
        if self.input is None or self._headset is None:
            return HandInput(), HandInput()
        return self.input.read(self._headset.stage, frame.time, self.controls.hands.head)

    @property
    def rig(self) -> Rig:
        """Where the stage is in the world."""
        return self.controls.rig

    def go_to(self, camera: Camera) -> None:
        """Goes where a flat camera is, looking its way."""
        head = self.controls.hands.head
        if head is not None:
            self.controls.locomotion.go_to(with_eye_at(head, camera.position, camera.yaw))

    def update(self, tracking: TrackingFrame, seconds: float) -> None:
        """Takes the input of a frame, and plays the pulses that it calls for.

        Args:
            tracking: What the headset reports.
            seconds: Since the last frame.
        """
        _, pulses = self.controls.update(tracking, seconds)
        if self.input is not None:
            for pulse in pulses:
                self.input.play_pulse(pulse.hand, pulse.strength, pulse.seconds)

    def draw(self, tracking: TrackingFrame) -> tuple[DrawList | None, DrawList | None]:
        """Draws hands and panels.

        Returns:
            What is in the world beside the networks, and what lies before everything.
        """
        near, front = draw_hands(self.controls, self._labels)
        return near, front if len(front.quads) else None

    def panel_images(self, most: int) -> tuple[PanelImage, ...]:
        """Returns the floating panel and cards of text, as many as the runtime shows by itself.

        Args:
            most: How many it shows.
        """
        panel, gui = self.controls.floating_panel, self.panel_gui
        images = self._cards.images(self._labels.images)
        if panel.visible and panel.billboard is not None:
            board = panel.billboard
            own = PanelImage(PANEL_TEXTURE, gui.texture.glo, gui.size, gui.revision, board)
            images = (own, *images)
        return images[:most]

    def prepare_next_frame(self) -> None:
        """Highlights what is pointed at, lays text out, and draws the panels anew.

        Called between two frames, as it takes longer than a frame leaves.
        """
        self.controls.update_highlight()
        shows_cards = self._headset is not None and self._headset.max_panels > len(
            self._cards.names
        )
        self._labels.as_images = frozenset(self._cards.names if shows_cards else ())
        layout_labels(self.controls, self._labels)
        theme = self.controls.workspace.world.state.theme
        self._cards.draw(self._labels.images, theme)
        self._renderer.layout_text(self._labels.labels)
        if self.controls.floating_panel.visible:
            self.panel_gui.step()

    def close(self) -> None:
        """Lets go of the controllers and of the panels."""
        self.detach()
        self._cards.release()
        self._renderer.register_texture(PANEL_TEXTURE, None)
        self.panel_gui.release()
