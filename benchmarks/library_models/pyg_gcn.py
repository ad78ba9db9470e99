"""A graph network of torch_geometric on 34 nodes."""

import torch
from torch_geometric.nn import GCN

model = GCN(in_channels=8, hidden_channels=16, num_layers=2, out_channels=4)
example_input = (torch.randn(34, 8), torch.randint(0, 34, (2, 90)))
