"""A U-Net of segmentation_models_pytorch with four classes."""

import segmentation_models_pytorch as smp

model = smp.Unet("resnet18", encoder_weights=None, decoder_channels=(32, 16, 8, 8, 8), classes=4)
input_size = 64
