"""What stands and moves in the room around a headset: numpy only."""
