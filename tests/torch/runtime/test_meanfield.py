"""Mean field iterations: the lattice point by point, the layer by its formula."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from caffetools.torch.runtime.meanfield import MultiStageMeanfield, permutohedral
from tests.torch.cases import gradients

Key = tuple[int, ...]


def simplex(point: list[float]) -> list[tuple[Key, float]]:
    """The vertices around a point and their weights (Adams, Baek and Davis, 2010, section 3)."""
    size = len(point)
    spread = math.sqrt(2 / 3) * (size + 1)
    scaled = [x * spread / math.sqrt((i + 1) * (i + 2)) for i, x in enumerate(point)]
    raised = [sum(scaled)]
    raised += [sum(scaled[i:]) - i * scaled[i - 1] for i in range(1, size + 1)]
    corner = [round(y / (size + 1)) * (size + 1) for y in raised]
    excess = sum(corner) // (size + 1)
    gaps = [y - c for y, c in zip(raised, corner, strict=True)]
    order = sorted(range(size + 1), key=lambda i: (-gaps[i], i))
    rank = [order.index(i) + excess for i in range(size + 1)]
    for i in range(size + 1):
        turn = (size + 1) * ((rank[i] < 0) - (rank[i] > size))
        rank[i], corner[i] = rank[i] + turn, corner[i] + turn
    slopes = [0.0] * (size + 2)
    for i in range(size + 1):
        slope = (raised[i] - corner[i]) / (size + 1)
        slopes[size - rank[i]] += slope
        slopes[size + 1 - rank[i]] -= slope
    slopes[0] += 1 + slopes[size + 1]
    vertices = []
    for step in range(size + 1):
        moved = [step - (size + 1 if rank[i] > size - step else 0) for i in range(size)]
        key = tuple(c + m for c, m in zip(corner, moved, strict=False))
        vertices.append((key, slopes[step]))
    return vertices


def filtered(points: list[list[float]], values: list[float]) -> list[float]:
    size = len(points[0])
    around = [simplex(point) for point in points]
    blank = [0.0] * size  # Caffe fills the last block of four with zeros
    keys = {key for near in (*around, *[simplex(blank)] * (-len(points) % 4)) for key, _ in near}
    lattice = dict.fromkeys(keys, 0.0)
    for near, value in zip(around, values, strict=True):
        for key, weight in near:
            lattice[key] += weight * value
    for axis in range(size + 1):
        moves = [size if i == axis else -1 for i in range(size)]

        def near_by(key: Key, sign: int, moves: list[int] = moves) -> Key:
            return tuple(k + sign * m for k, m in zip(key, moves, strict=True))

        lattice = {
            key: value + (lattice.get(near_by(key, 1), 0) + lattice.get(near_by(key, -1), 0)) / 2
            for key, value in lattice.items()
        }
    scale = 1 / (1 + 2**-size)
    return [sum(lattice[key] * weight for key, weight in near) * scale for near in around]


@pytest.mark.parametrize(("count", "size"), [(8, 2), (7, 2), (30, 5), (1, 3)])
def test_filter_is_the_loop(count: int, size: int) -> None:
    generator = torch.Generator().manual_seed(count)
    points = 3 + torch.randn(count, size, generator=generator)
    values = torch.randn(count, generator=generator)
    found = permutohedral(points).filter(values.unsqueeze(1))
    expected = torch.tensor(filtered(points.tolist(), values.tolist()))
    torch.testing.assert_close(found[:, 0], expected, rtol=1e-4, atol=1e-5)


def test_weights_are_those_of_a_point_in_a_simplex() -> None:
    lattice = permutohedral(torch.randn(50, 5))
    assert lattice.weights.min() >= -1e-5
    torch.testing.assert_close(lattice.weights.sum(1), torch.ones(50))


def scores(module: MultiStageMeanfield, unary: Tensor, start: Tensor, image: Tensor) -> Tensor:
    """The layer's formula with dense filters."""
    classes, pixels = unary.size(1), unary[0, 0].numel()
    (lattices,) = [module.filters(each) for each in image]
    # Each pixel's filter, from unit vectors.
    kernels = [(lattice.filter(torch.eye(pixels)) * norm).t() for lattice, norm in lattices]
    weights = (module.spatial, module.bilateral)
    for _ in range(module.num_iterations):
        chance = start.softmax(1).reshape(classes, pixels)
        message = sum(
            weight.reshape(classes, classes) @ chance @ kernel
            for weight, kernel in zip(weights, kernels, strict=True)
        )
        pairwise = module.compatibility.reshape(classes, classes) @ message
        start = unary - pairwise.reshape(unary.shape)
    return start


def test_mean_field() -> None:
    generator = torch.Generator().manual_seed(0)
    module = MultiStageMeanfield(3, 2, theta_alpha=4, theta_beta=0.5, theta_gamma=2)
    for param in module.parameters():
        torch.nn.init.normal_(param, generator=generator)
    unary, start, image = torch.randn(3, 1, 3, 4, 5, generator=generator)
    leaves = unary.requires_grad_(), start.requires_grad_(), *module.parameters()
    found, expected = module(unary, start, image), scores(module, unary, start, image)
    torch.testing.assert_close(found, expected)
    pairs = zip(
        gradients(found.square(), *leaves), gradients(expected.square(), *leaves), strict=True
    )
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def test_images_do_not_mix() -> None:
    module = MultiStageMeanfield(2, 2)
    torch.nn.init.eye_(module.bilateral[0, 0])
    batch = torch.randn(3, 2, 2, 4, 4), torch.randn(2, 3, 4, 4)
    whole = module(batch[0][0], batch[0][1], batch[1])
    alone = [module(*(each[i : i + 1] for each in (*batch[0][:2], batch[1]))) for i in (0, 1)]
    torch.testing.assert_close(whole, torch.cat(alone))
    on_meta = module.to("meta")(*(each.to("meta") for each in (*batch[0][:2], batch[1])))
    assert on_meta.shape == whole.shape


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_has_the_lattice_of_single_precision(dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    module = MultiStageMeanfield(2, 2)
    arguments = [torch.randn(1, 2, 4, 5), torch.randn(1, 2, 4, 5), 9 * torch.rand(1, 3, 4, 5)]
    arguments = [each.to(dtype) for each in arguments]
    wanted = module(*(each.float() for each in arguments))
    found = module.to(dtype)(*arguments)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), wanted, rtol=0.02, atol=0.02)
    found.sum().backward()
