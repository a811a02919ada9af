"""`caffetools pack`: the way back, bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from caffetools.formats.weights import read_weights
from caffetools.net.loading import from_text
from tests.commands import Ran, run
from tests.torch.nets import FOLDING, PHASES, SHARING, drawn, stored


def exported(text: str, tmp_path: Path, *options: str) -> Ran:
    (tmp_path / "net.prototxt").write_text(text)
    (tmp_path / "w.caffemodel").write_bytes(stored(drawn(from_text(text))))
    net, weights = tmp_path / "net.prototxt", tmp_path / "w.caffemodel"
    return run("export", net, "--weights", weights, "-o", tmp_path / "out", *options)


@pytest.mark.parametrize("text", [FOLDING, PHASES, SHARING])
def test_a_round_trip_is_bit_exact(text: str, tmp_path: Path) -> None:
    assert exported(text, tmp_path).status == 0
    state, out = tmp_path / "out" / "weights.safetensors", tmp_path / "back.caffemodel"
    assert run("pack", tmp_path / "net.prototxt", state, "-o", out) == (0, "", "")
    before, after = read_weights(tmp_path / "w.caffemodel"), read_weights(out)
    assert after.name == from_text(text).name
    given = {layer.name: layer.blobs for layer in before.layers}
    if text is SHARING:  # the last of those that share a blob counts
        given["c"] = given["cp"] = (given["half"][0], given["cp"][1])
    for layer in after.layers:
        for blob, expected in zip(layer.blobs, given.get(layer.name, ()), strict=True):
            assert blob.shape == expected.shape
            assert blob.values.tobytes() == expected.values.tobytes()


def test_a_state_of_torch_save(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(PHASES)
    state = {"ip.weight": torch.ones(3, 4, dtype=torch.float16), "ip.bias": torch.zeros(3)}
    torch.save({**state, "extra": torch.ones(1)}, tmp_path / "state.pt")
    out = tmp_path / "out.caffemodel"
    ran = run("pack", tmp_path / "net.prototxt", tmp_path / "state.pt", "-o", out)
    assert ran.status == 0
    assert ran.err == f"{tmp_path / 'state.pt'}: note: unknown parameter 'extra'\n"
    (layer,) = (each for each in read_weights(out).layers if each.name == "ip")
    np.testing.assert_array_equal(layer.blobs[0].as_float32(), np.ones((3, 4)))


def test_mistakes_write_nothing(tmp_path: Path) -> None:
    (tmp_path / "net.prototxt").write_text(PHASES)
    torch.save({"ip.weight": torch.ones(3, 4)}, tmp_path / "state.pt")
    out = tmp_path / "out.caffemodel"
    ran = run("pack", tmp_path / "net.prototxt", tmp_path / "state.pt", "-o", out)
    message = f"{tmp_path / 'state.pt'}: expected a tensor 'ip.bias', found none\n"
    assert ran == (1, "", message)
    assert not out.exists()


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out.caffemodel"
    out.write_bytes(b"mine")
    ran = run("pack", "net", "state", "-o", out)
    assert ran == (1, "", f"{out}: file exists; use --force to overwrite\n")
    assert out.read_bytes() == b"mine"
