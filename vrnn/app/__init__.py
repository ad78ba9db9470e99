"""The running program: the window's loop, the headset's, and the one without a screen."""
