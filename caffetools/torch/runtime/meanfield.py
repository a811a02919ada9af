"""Mean field iterations of a dense conditional random field, as layers of CRF-RNN.

Gaussian filters of 2 and 5 dimensions run on a permutohedral lattice (Adams, Baek and Davis, 2010;
modified_permutohedral.cpp, torrvision/caffe).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule
from caffetools.torch.runtime.boxes import rank_of


class Lattice(NamedTuple):
    """The simplex of each of P points among M vertices in D + 1 directions."""

    vertices: Tensor
    """Indices of the simplex's vertices, `(P, D + 1)`."""
    weights: Tensor
    """Barycentric coordinates, `(P, D + 1)`."""
    neighbors: Tensor
    """Both neighbors of each vertex in each direction, `(D + 1, 2, M + 1)`; M if missing."""

    def filter(self, values: Tensor) -> Tensor:
        """Return the values `(P, C)` filtered; the gradient is filtered in reverse."""
        lattice = values.new_zeros(self.neighbors.size(2), values.size(1))
        corners = list(
            zip(self.vertices.t(), self.weights.t().unsqueeze(2), strict=True)
        )
        for vertex, weight in corners:
            lattice = lattice.index_add(0, vertex, values * weight)
        for one, other in self.neighbors:
            lattice = lattice + (lattice[one] + lattice[other]) / 2
        found = torch.zeros_like(values)
        for vertex, weight in corners:
            found = found + lattice[vertex] * weight
        return found / (1 + 0.5 ** (len(corners) - 1))


def permutohedral(features: Tensor) -> Lattice:
    """Return the lattice of points `(P, D)`, whose filter has the standard deviation 1."""
    points, size = features.shape
    # Caffe embeds four points at a time, zeros behind the last.
    features = F.pad(features, (0, 0, 0, -points % 4))
    index = torch.arange(1, size + 1, device=features.device)
    scaled = features * ((2 / 3) ** 0.5 * (size + 1) / (index * (index + 1)).sqrt())
    after = F.pad(scaled, (0, 1)).flip(1).cumsum(1).flip(1)
    raised = torch.cat([after[:, :1], after[:, 1:] - index * scaled], 1)
    nearest = (raised / (size + 1)).round()
    corner = nearest * (size + 1)
    order = (raised - corner).sort(dim=1, descending=True, stable=True)[1]
    rank = rank_of(order) + nearest.sum(1, keepdim=True).long()
    turn = ((rank < 0).long() - (rank > size).long()) * (size + 1)
    rank, corner = rank + turn, corner + turn
    slopes = torch.zeros_like(raised)
    slopes = slopes.scatter(1, size - rank, (raised - corner) / (size + 1))
    weights = slopes - slopes.roll(1, 1)
    weights[:, 0] += 1
    steps = torch.arange(size + 1, device=features.device).reshape(-1, 1)
    wraps = (rank[:, None, :size] > size - steps).long() * (size + 1)
    keys = corner[:, None, :size].long() + steps - wraps
    # One number for each vertex, with room for neighbors of those at the border.
    room = 2 * (size + 1)
    low = keys.amin((0, 1)) - room
    extents = keys.amax((0, 1)) + room - low + 1
    strides = extents.flip(0).cumprod(0).flip(0) // extents
    codes, vertices = torch.unique(((keys - low) * strides).sum(2), return_inverse=True)
    moves = F.pad((size + 1) * strides, (0, 1)) - strides.sum()
    near = codes + torch.stack([moves, -moves], 1).unsqueeze(2)
    place = torch.searchsorted(codes, near).clamp(max=len(codes) - 1)
    place = torch.where(codes[place] == near, place, len(codes))
    place = F.pad(place, (0, 1), value=len(codes))
    return Lattice(vertices[:points], weights[:points], place)


class MultiStageMeanfield(SizedModule):
    """Unaries `(N, C, H, W)`, initial scores of that shape and images `(N, 3, H, W)` -> scores.

    Each iteration filters the softmax of the scores by position (`theta_gamma`), and by position
    and colour (`theta_alpha`, `theta_beta`), mixes classes by three matrices, and subtracts the
    result from the unaries (multi_stage_meanfield.cpp, meanfield_iteration.cpp).
    """

    def __init__(
        self,
        channels: int,
        num_iterations: int,
        theta_alpha: float = 10.0,
        theta_beta: float = 10.0,
        theta_gamma: float = 10.0,
    ) -> None:
        super().__init__()
        self.num_iterations = num_iterations
        self.theta_alpha, self.theta_beta = theta_alpha, theta_beta
        self.theta_gamma = theta_gamma
        shape = (1, 1, channels, channels)
        self.spatial = nn.Parameter(torch.zeros(shape))
        self.bilateral = nn.Parameter(torch.zeros(shape))
        self.compatibility = nn.Parameter(-torch.eye(channels).reshape(shape))

    def forward(self, unary: Tensor, scores: Tensor, image: Tensor) -> Tensor:
        """Return the scores after the last iteration."""
        if unary.is_meta:
            return torch.empty_like(unary)
        matrices = torch.cat([self.spatial[0], self.bilateral[0]])
        # Keys of the lattice need more bits than half precision has.
        exact = torch.promote_types(unary.dtype, torch.float32)
        filters = [self.filters(each) for each in image.detach().to(exact)]
        for _ in range(self.num_iterations):
            chances = (
                scores.to(exact).softmax(1).flatten(2).transpose(1, 2).contiguous()
            )
            messages = [
                torch.stack([each.filter(chance) * norm for each, norm in own])
                for chance, own in zip(chances, filters, strict=True)
            ]
            filtered = torch.stack(messages).to(unary.dtype)
            mixed = (filtered @ matrices.transpose(1, 2)).sum(1)
            pairwise = (mixed @ self.compatibility[0, 0].t()).transpose(1, 2)
            scores = unary - pairwise.reshape(unary.shape)
        return scores

    def filters(self, image: Tensor) -> list[tuple[Lattice, Tensor]]:
        """Return the lattices of an image, and what normalizes their filters."""
        height, width = image.shape[1:]
        rows, columns = (torch.arange(n, device=image.device) for n in (height, width))
        place = torch.cartesian_prod(rows, columns).flip(1).to(image.dtype)
        color = image.flatten(1).t() / self.theta_beta
        ones = image.new_ones(height * width, 1)
        lattices = (
            permutohedral(place / self.theta_gamma),
            permutohedral(torch.cat([place / self.theta_alpha, color], 1)),
        )
        return [(each, 1 / (each.filter(ones) + 1e-20)) for each in lattices]
