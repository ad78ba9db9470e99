"""A vision transformer with ten classes."""

from transformers import ViTConfig, ViTForImageClassification

model = ViTForImageClassification(
    ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        image_size=32, patch_size=8, num_labels=10,
    )
)  # fmt: skip
input_size = 32
