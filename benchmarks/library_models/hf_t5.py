"""T5: an encoder and a decoder, with keyword arguments."""

import torch
from transformers import T5Config, T5ForConditionalGeneration

model = T5ForConditionalGeneration(
    T5Config(vocab_size=99, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
)
example_input = {
    "input_ids": torch.arange(12)[None],
    "decoder_input_ids": torch.arange(7)[None],
}
