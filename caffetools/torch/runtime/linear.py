"""InnerProduct with `transpose`, and Embed."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TransposedLinear(nn.Module):
    """`nn.Linear` with the weight transposed, `(in_features, out_features)`."""

    def __init__(
        self, in_features: int, out_features: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the product, `(..., in_features) -> (..., out_features)`."""
        return F.linear(x, self.weight.t(), self.bias)


class Embed(nn.Module):
    """`nn.Embedding` with a bias, for indices of any dtype (embed_layer.cpp)."""

    def __init__(
        self, num_embeddings: int, embedding_dim: int, *, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(num_embeddings, embedding_dim))
        self.bias = nn.Parameter(torch.zeros(embedding_dim)) if bias else None

    def forward(self, index: Tensor) -> Tensor:
        """Return the rows of the weight, `(...) -> (..., embedding_dim)`."""
        y = F.embedding(index.long(), self.weight)
        return y if self.bias is None else y + self.bias
