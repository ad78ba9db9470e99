"""The U-Net of a diffusion model: it takes an image and a time step."""

import torch
from diffusers import UNet2DModel

model = UNet2DModel(
    sample_size=32, in_channels=3, out_channels=3, layers_per_block=1, block_out_channels=(16, 32),
    norm_num_groups=8, down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
)  # fmt: skip
example_input = (torch.randn(1, 3, 32, 32), torch.tensor([7.0]))
