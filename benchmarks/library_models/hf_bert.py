"""BERT with a head for three classes of texts."""

from transformers import BertConfig, BertForSequenceClassification

model = BertForSequenceClassification(
    BertConfig(
        vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=48, max_position_embeddings=64, num_labels=3,
    )
)  # fmt: skip
