"""DETR: boxes of learned queries."""

from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

model = DetrForObjectDetection(
    DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None,
        backbone_config=ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1],
            out_features=["stage4"],
        ),
        d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, num_queries=12,
        num_labels=5,
    )
)  # fmt: skip
input_size = (96, 128)
