"""What is drawn and computed for a headset: tracking, locomotion, panels in the room. No OpenXR."""
