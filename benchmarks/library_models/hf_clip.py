"""CLIP: a tower for texts and one for images."""

import torch
from transformers import CLIPConfig, CLIPModel

model = CLIPModel(
    CLIPConfig(
        text_config={
            "vocab_size": 99, "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2,
            "num_attention_heads": 4, "max_position_embeddings": 16, "eos_token_id": 98,
            "bos_token_id": 97,
        },
        vision_config={
            "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2,
            "num_attention_heads": 4, "image_size": 32, "patch_size": 8,
        },
        projection_dim=16,
    )
)  # fmt: skip
example_input = {
    "input_ids": torch.tensor([[97, 5, 6, 7, 98], [97, 8, 9, 98, 98]]),
    "pixel_values": torch.randn(1, 3, 32, 32),
}
