"""Train the default network of vrnn and print its accuracy on test images.

    python examples/train_digits.py                 # a few minutes on two cores
    python examples/train_digits.py --make-data     # also recreate the data from scikit-learn

The same seed gives the same weights on the same machine.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from vrnn.default import model as digits

FOLDER = Path(digits.__file__).parent


def make_data(path: Path) -> None:
    """Write the 1,797 digits of scikit-learn to a file, with a fifth of each class for testing."""
    from sklearn.datasets import load_digits

    data = load_digits()
    images = np.rint(data.images / 16 * 255).astype(np.uint8)
    labels = data.target.astype(np.uint8)
    test = np.zeros(len(labels), bool)
    random = np.random.default_rng(0)
    for digit in range(10):
        of_it = np.flatnonzero(labels == digit)
        test[random.choice(of_it, round(len(of_it) / 5), replace=False)] = True
    np.savez_compressed(path, images=images, labels=labels, test=test)


def load(path: Path) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Load the digits.

    Returns:
        Images (N, 1, 32, 32) float32, normalized; labels (N,) int64; test (N,) bool, which images
        are for testing.
    """
    with np.load(path, allow_pickle=False) as data:
        images = torch.from_numpy(data["images"]).float()[:, None] / 255
        labels, test = torch.from_numpy(data["labels"]).long(), torch.from_numpy(data["test"])
    images = F.interpolate(images, digits.INPUT_SIZE, mode="bilinear")
    return (images - digits.MEAN[0]) / digits.STD[0], labels, test


def moved(images: torch.Tensor) -> torch.Tensor:
    """Rotate, scale, and shift each image by small random amounts."""
    count = len(images)
    angle = torch.empty(count).uniform_(-0.2, 0.2)
    scale = torch.empty(count, 2).uniform_(0.88, 1.12)
    shift = torch.empty(count, 2).uniform_(-0.13, 0.13)
    matrix = torch.stack(
        [
            torch.stack([angle.cos() * scale[:, 0], -angle.sin() * scale[:, 1], shift[:, 0]], 1),
            torch.stack([angle.sin() * scale[:, 0], angle.cos() * scale[:, 1], shift[:, 1]], 1),
        ],
        1,
    )
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def accuracy(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the fraction of images that the network classifies correctly."""
    net.eval()
    with torch.no_grad():
        return float((net(images).argmax(1) == labels).float().mean())


def train(net: nn.Module, images: torch.Tensor, labels: torch.Tensor, epochs: int) -> None:
    """Train with AdamW, a one-cycle learning rate schedule, and label smoothing."""
    batch = 128
    steps = epochs * -(-len(images) // batch)
    optimizer = torch.optim.AdamW(net.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    for epoch in range(epochs):
        net.train()
        for rows in torch.randperm(len(images)).split(batch):
            loss = F.cross_entropy(net(moved(images[rows])), labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER / "digits.safetensors")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--make-data", action="store_true")
    options = parser.parse_args()
    if options.make_data:
        make_data(FOLDER / "digits.npz")
    torch.manual_seed(0)
    images, labels, test = load(FOLDER / "digits.npz")
    net = digits.build_model()
    train(net, images[~test], labels[~test], options.epochs)
    save_file(net.state_dict(), options.out)
    print(f"test accuracy {accuracy(net, images[test], labels[test]):.2%}")


if __name__ == "__main__":
    main()
