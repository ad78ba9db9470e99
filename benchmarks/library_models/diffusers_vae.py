"""The autoencoder of a latent diffusion model."""

from diffusers import AutoencoderKL

model = AutoencoderKL(
    block_out_channels=(16, 32), norm_num_groups=8, latent_channels=4,
    down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
)  # fmt: skip
input_size = 32
