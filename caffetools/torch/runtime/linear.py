"""Matrix products that `nn.Linear` and `nn.Embedding` lay out or leave out otherwise."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TransposedLinear(nn.Module):
    """`nn.Linear` with a weight of in x out: Caffe's InnerProduct with `transpose`."""

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """... x in -> ... x out."""
        return F.linear(x, self.weight.t(), self.bias)


class Embed(nn.Module):
    """`nn.Embedding` for indices of any type, with a bias: Caffe's Embed."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        self.bias = nn.Parameter(torch.zeros(embedding_dim)) if bias else None

    def forward(self, index: Tensor) -> Tensor:
        """... -> ... x embedding_dim."""
        y = F.embedding(index.long(), self.weight)
        return y if self.bias is None else y + self.bias
