"""SegFormer: a segmentation in four classes at a quarter of the size."""

from transformers import SegformerConfig, SegformerForSemanticSegmentation

model = SegformerForSemanticSegmentation(
    SegformerConfig(
        depths=[1, 1, 1, 1], hidden_sizes=[8, 16, 16, 32], decoder_hidden_size=32,
        num_attention_heads=[1, 2, 2, 4], num_labels=4,
    )
)  # fmt: skip
input_size = 64
