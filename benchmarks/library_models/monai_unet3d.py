"""A 3-d U-Net of MONAI for volumes of one channel."""

import torch
from monai.networks.nets import UNet

model = UNet(
    spatial_dims=3, in_channels=1, out_channels=3, channels=(8, 16, 32), strides=(2, 2),
    num_res_units=1,
)  # fmt: skip
example_input = torch.randn(1, 1, 16, 32, 32)
