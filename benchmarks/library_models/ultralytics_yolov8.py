"""A detector of ultralytics, built from its configuration."""

from ultralytics import YOLO

model = YOLO("yolov8n.yaml").model
input_size = (96, 128)
