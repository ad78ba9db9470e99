"""What operations do to receptive fields, with all their arguments: gradients and golden text."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.compute.tracing.test_golden_graphs import node_lines
from tests.compute.tracing.test_receptive_fields import check
from tests.compute.tracing.test_token_fields import HEIGHT, WIDTH, Patches
from tests.support import golden_text
from vrnn.compute.tracing.simplify import simplify
from vrnn.compute.tracing.tracer import trace

SCALES = {"twice": 2.0, "half": 0.5, "more": 1.6, "less": 0.7, "rows": (3.0, 1.0)}
MODES = ("nearest", "nearest-exact", "bilinear", "bicubic", "area")


def resized(x, mode, scale, **more):
    return F.interpolate(x, scale_factor=SCALES[scale], mode=mode, **more)


WAYS = {
    **{
        f"{mode} {scale}": lambda m, x, y, mode=mode, scale=scale: resized(x, mode, scale)
        for mode in MODES for scale in SCALES
    },
    **{
        f"{mode} to {size[0]}×{size[1]}": lambda m, x, y, mode=mode, size=size: F.interpolate(
            x, size, mode=mode
        )
        for mode in MODES for size in ((9, 5), (1, 1), (6, 16))
    },
    **{
        f"{mode} {scale} recomputed": lambda m, x, y, mode=mode, scale=scale: resized(
            x, mode, scale, recompute_scale_factor=True
        )
        for mode in ("nearest", "bilinear") for scale in ("more", "less")
    },
    **{
        f"{mode} {scale} with corners": lambda m, x, y, mode=mode, scale=scale: resized(
            x, mode, scale, align_corners=True
        )
        for mode in ("bilinear", "bicubic") for scale in ("more", "less", "half")
    },
    **{
        f"{mode} {scale} antialiased": lambda m, x, y, mode=mode, scale=scale: resized(
            x, mode, scale, antialias=True
        )
        for mode in ("bilinear", "bicubic") for scale in ("more", "less", "half")
    },
    **{
        f"padded {mode} by {' '.join(map(str, by))}": lambda m, x, y, mode=mode, by=by: F.pad(
            x, by, mode
        ) * 2
        for mode in ("constant", "reflect", "replicate", "circular")
        for by in ((1, 0, 0, 2), (0, 3, 1, 0), (2, 2, 2, 2))
    },
    "padded by less than nothing": lambda m, x, y: F.pad(x, (-1, 2, 1, -2)) * 2,
    "padded along columns": lambda m, x, y: F.pad(x, (2, 1)) * 2,
    "padded with channels": lambda m, x, y: F.pad(x, (0, 0, 0, 0, 1, 2)) * 2,
    "the larger of two": lambda m, x, y: torch.max(x, y),
    "the smaller of a part": lambda m, x, y: torch.min(x, y[:, :, :1]),
    "largest of rows": lambda m, x, y: x.max(2, keepdim=True).values + y,
    "largest of columns": lambda m, x, y: x.max(-1).values * 2,
    "largest of all": lambda m, x, y: x.max() + y,
    "mean of rows": lambda m, x, y: x.mean(2),
    "mean of columns kept": lambda m, x, y: x.mean(3, keepdim=True) * y,
    "mean of channels": lambda m, x, y: x.mean(1) * 2,
    "mean of both": lambda m, x, y: x.mean((-2, -1), True) * y,
    "norm of channels": lambda m, x, y: x.norm(2, 1, True) * y,
    "norm of rows": lambda m, x, y: x.norm(dim=2) * 2,
    "norm of all": lambda m, x, y: x / x.norm(),
    "sum by name": lambda m, x, y: torch.sum(x, axis=2),
    "deviation": lambda m, x, y: x.std(1, keepdim=True) + x.var(dim=-1, keepdim=True),
    "normalized": lambda m, x, y: F.normalize(x) + F.normalize(y, dim=2),
    "normalized by position": lambda m, x, y: F.normalize(x, 2.0, -1),
    "gated": lambda m, x, y: F.glu(x, 1) + F.glu(y, dim=1),
    "gated rows": lambda m, x, y: F.glu(x, 2) * 2,
    "softmax of rows": lambda m, x, y: x.softmax(2) + F.log_softmax(y, 1),
    "sums along rows": lambda m, x, y: x.cumsum(2) + y.cumprod(-1),
    "flipped": lambda m, x, y: x.flip(2) + y.flip((1,)),
    "flipped both ways": lambda m, x, y: torch.flip(x, dims=(2, 3)),
    "rolled": lambda m, x, y: x.roll(1, 3) + y.roll((1, 2), (1, 1)),
    "rolled without an axis": lambda m, x, y: x.roll(3),
    "sorted": lambda m, x, y: x.sort(1).values + y.sort().values,
    "picked rows": lambda m, x, y: x.index_select(2, torch.tensor([4, 0, 0])) * 2,
    "turned by a quarter": lambda m, x, y: torch.rot90(x, 1, (2, 3)) * 2,
    "conv with steps": lambda m, x, y: F.conv2d(x, m.kernel(3, 2), None, (2, 1), (0, 1)),
    "conv with gaps": lambda m, x, y: F.conv2d(x, m.kernel(2, 3), dilation=(2, 1), padding=1),
    "conv of the same size": lambda m, x, y: F.conv2d(x, m.kernel(4, 3), padding="same"),
    "conv without padding": lambda m, x, y: F.conv2d(x, m.kernel(2, 2), padding="valid"),
    "conv of groups": lambda m, x, y: F.conv2d(x, m.kernel(3, 3)[:, :1], groups=4),
    "conv of a batch of rows": lambda m, x, y: F.conv1d(x[:, :, 2], m.kernel(3, 1)[..., 0]) * 2,
    "conv of a volume": lambda m, x, y: F.conv3d(
        x[:, :, None], m.kernel(3, 2)[:, :, None], padding=(0, 1, 0)
    ),
    "transposed": lambda m, x, y: F.conv_transpose2d(x, m.kernel(3, 2), stride=(2, 3)),
    "transposed with padding": lambda m, x, y: F.conv_transpose2d(
        x, m.kernel(4, 3), stride=2, padding=(1, 1), output_padding=(0, 1)
    ),
    "transposed with gaps": lambda m, x, y: F.conv_transpose2d(
        x, m.kernel(2, 3), stride=(1, 2), dilation=(3, 1)
    ),
    "conv with kernels from data": lambda m, x, y: F.conv2d(x, y[:, :, :2, :2]),
    "pool with steps": lambda m, x, y: F.max_pool2d(x, (3, 2), (1, 2), (1, 0)),
    "pool with gaps": lambda m, x, y: F.max_pool2d(x, 2, 1, 0, 2),
    "pool up to the border": lambda m, x, y: F.avg_pool2d(x, 4, ceil_mode=True),
    "pool of one number": lambda m, x, y: F.avg_pool2d(x, (2,), 1),
    "power pool": lambda m, x, y: F.lp_pool2d(x, 2, (2, 3), 1),
    "pool of a line": lambda m, x, y: F.max_pool1d(x[:, :, 1], 2, 1) * 2,
    "pool of a volume": lambda m, x, y: F.avg_pool3d(x[:, :, None], (1, 2, 3), (1, 1, 2)),
    "adaptive": lambda m, x, y: F.adaptive_avg_pool2d(x, (4, 3)),
    "adaptive to more": lambda m, x, y: F.adaptive_avg_pool2d(x, (9, 5)),
    "adaptive of one axis": lambda m, x, y: F.adaptive_max_pool2d(x, (None, 1)) * y,
    "shuffled pixels": lambda m, x, y: F.pixel_shuffle(x, 2) * 2,
    "unshuffled pixels": lambda m, x, y: F.pixel_unshuffle(x, 2) * 2,
    "joined rows": lambda m, x, y: torch.cat([x, y], 2) * 2,
    "joined columns": lambda m, x, y: torch.cat((x[..., :3], y, x[..., 3:]), dim=-1) * 2,
    "joined channels": lambda m, x, y: torch.cat([x, y], axis=1) * 2,
    "joined samples": lambda m, x, y: torch.cat([x, y]) * 2,
    "joined with constants": lambda m, x, y: torch.cat([torch.ones(1, 4, 2, 8).to(x), x], 2) * 2,
    "joined by another name": lambda m, x, y: torch.hstack([x, y]) * 2,
    "stacked": lambda m, x, y: torch.stack([x, y]) * 2,
    "stacked before rows": lambda m, x, y: torch.stack([x, y], 2) * 2,
    "stacked between": lambda m, x, y: torch.stack([x, y], dim=3) * 2,
    "stacked behind": lambda m, x, y: torch.stack([x, y], -1) * 2,
    "repeated channels": lambda m, x, y: x.repeat(1, 3, 1, 1) * 2,
    "repeated rows": lambda m, x, y: x.repeat(1, 1, 2, 1) * 2,
    "repeated samples": lambda m, x, y: x.repeat_interleave(2, 0) * 2,
    "tiled": lambda m, x, y: torch.tile(x, (2, 1, 1, 1, 1)) * 2,
    "linear over columns": lambda m, x, y: F.linear(x, m.kernel(5, WIDTH)[0, 0]),
    "linear over channels": lambda m, x, y: m.linear(x.movedim(1, -1)),
    "product of matrices": lambda m, x, y: x @ y.mT,
    "product of rows": lambda m, x, y: x.mT @ y,
    "product with a matrix": lambda m, x, y: x @ m.kernel(WIDTH, 5)[0, 0],
    "product of a matrix": lambda m, x, y: m.kernel(5, HEIGHT)[0, 0] @ x,
    "product of a line": lambda m, x, y: x[0, 0, 0] @ y.mT,
    "product with a line": lambda m, x, y: x @ y[0, 0, 0],
    "layer norm of columns": lambda m, x, y: F.layer_norm(x, (WIDTH,)),
    "layer norm of maps": lambda m, x, y: F.layer_norm(x, (HEIGHT, WIDTH)),
    "batch norm": lambda m, x, y: F.batch_norm(x, *m.kernel(2, 4)[0, 0], eps=1e-2),
    "batch norm by its own statistics": lambda m, x, y: F.batch_norm(x, None, None, training=True),
    "instance norm": lambda m, x, y: F.instance_norm(x),
    "instance norm of known statistics": lambda m, x, y: F.instance_norm(
        x, *m.kernel(2, 4)[0, 0], use_input_stats=False
    ),
    "group norm": lambda m, x, y: F.group_norm(x, 2),
    "local norm": lambda m, x, y: F.local_response_norm(x, 3),
    "one of two": lambda m, x, y: torch.where(y > 0, x, y) * 2,
    "a sum with one row": lambda m, x, y: x + y[:, :, 2:3],
    "a sum with one column": lambda m, x, y: x + y[..., 3:4],
    "a sum with one channel": lambda m, x, y: x + y[:, :1],
    "a sum with a line": lambda m, x, y: x + y[0, 0, 0],
    "a sum with another axis": lambda m, x, y: x[:, None] + y[:, :, None],
    "windows": lambda m, x, y: F.unfold(x, 2, stride=2) * 2,
    "grid sample": lambda m, x, y: F.grid_sample(
        x, torch.zeros(1, 5, 7, 2).to(x), align_corners=False
    ),
    "an index from data": lambda m, x, y: x[:, :, y[0, 0, :, 0].argsort()] * 2,
    "a copy": lambda m, x, y: torch.empty_like(x).copy_(y) + x,
    "a copy of one row": lambda m, x, y: torch.zeros_like(x).copy_(y[:, :, 1:2]) * 2,
}  # fmt: skip


class Kernels(Patches):
    """Patches, and weights of any size."""

    def kernel(self, height, width):
        numbers = torch.arange(16.0 * height * width) % 7 + 1
        return numbers.view(4, 4, height, width).to(self.first)


@pytest.mark.parametrize("name", WAYS)
def test_fields_of_operations(name, regenerate):
    torch.manual_seed(0)
    model = Kernels(WAYS[name]).eval()
    inputs = (torch.rand(1, 3, 2 * HEIGHT, 2 * WIDTH) + 0.1,)
    assert check(model, inputs) > 5
    view = simplify(trace(model, inputs, "net"), "all")
    golden_text.check(f"fields/operations/{name.replace(' ', '-')}", node_lines(view), regenerate)
