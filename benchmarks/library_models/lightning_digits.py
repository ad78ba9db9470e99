"""A LightningModule as a training script has it."""

import lightning
import torch
from torch import nn
from torch.nn import functional


class Digits(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(4))
        self.out = nn.Sequential(nn.Flatten(), nn.Linear(8 * 16, 10))

    def forward(self, x):
        return self.out(self.body(x))

    def training_step(self, batch, index):
        images, labels = batch
        return functional.cross_entropy(self(images), labels)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters())


model = Digits()
input_size = 28
