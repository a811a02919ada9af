"""Classes and features of images: scores, batches, crops, nets without one input or output."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.net.loading import load
from caffetools.torch.verbs.image_inputs import image_files
from caffetools.torch.verbs.image_outputs import ImageNet, classify, features
from tests.nets import given, layer, net
from tests.torch.verbs.nets import folder

SCORES = [[0, 12, 22], [10, 12, 12], [20, 12, 2], [5, 12, 17]]
"""Of the images' greys 10, 30, 50, 20."""


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[ImageNet, list[str], list[str]]:
    path = folder(tmp_path)
    images = ImageNet.of(load(path / "net.prototxt", "test"))
    return images, [str(path / "net.caffemodel")], image_files([str(path / "images")])


def test_classes(tiny: tuple[ImageNet, list[str], list[str]]) -> None:
    found = classify(*tiny, most=2)
    assert [[guess.number for guess in guesses] for guesses in found] == [
        [2, 1],
        [1, 2],
        [0, 1],
        [2, 1],
    ]
    assert found[1][0].score == pytest.approx(1 / (2 + 2.718281828**-2))


@pytest.mark.parametrize("batch", [1, 3, 16])
@pytest.mark.parametrize("oversample", [False, True])
def test_features(
    tiny: tuple[ImageNet, list[str], list[str]], batch: int, *, oversample: bool
) -> None:
    found = features(*tiny, ["fc", "data"], batch=batch, oversample=oversample)
    assert found["fc"].tolist() == SCORES
    assert found["data"].shape == (4, 1, 2, 2)


def test_refusals(tiny: tuple[ImageNet, list[str], list[str]]) -> None:
    images, weights, paths = tiny
    with pytest.raises(CaffeToolsError, match="the net has no blob 'x'"):
        features(images, weights, paths, ["x"])
    image = given("data", 1, 3, 2, 2)
    two = ImageNet(net(image + layer("Split", "s", "data", "a b"), "TEST"), images.steps)
    with pytest.raises(CaffeToolsError, match="expected one output, found a, b"):
        classify(two, [], paths)
    with pytest.raises(CaffeToolsError, match="expected one input of known shape, found 2"):
        ImageNet.of(net(image + given("other", 1), "TEST"))
    with pytest.raises(CaffeToolsError, match=r"net.prototxt:1:1: expected an input of images"):
        ImageNet.of(net(given("data", 1, 3), "TEST"))
    colour = ImageNet.of(net(image + layer("ReLU", "r", "data", "y"), "TEST"))
    steps = replace(colour.steps, resize=None)
    with pytest.raises(CaffeToolsError, match="expected an output of a score for each class"):
        classify(replace(colour, steps=steps), [], paths)
