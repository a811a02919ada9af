"""`caffetools diff`: what it prints, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import nets
from tests.commands import ROOT, run

OLD = nets.given("data", 2, 3) + nets.inner_product("ip", "data", 4)
NEW = OLD.replace("num_output: 4", "num_output: 5")


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old.prototxt", tmp_path / "new.prototxt"
    old.write_text(OLD)
    new.write_text(NEW)
    return old, new


TOLD = """\
~ ip (InnerProduct)
    inner_product_param.num_output: 4 -> 5
    shape of ip: 2 x 4 -> 2 x 5
    weight: 4 x 3 -> 5 x 3
    bias: 4 -> 5
    multiply-accumulates: 24 -> 30
parameters: 16 -> 20 (+25.0 %)
multiply-accumulates: 24 -> 30 (+25.0 %)
bytes of memory for data: 56 -> 64 (+14.3 %)
"""


def test_differences(paths: tuple[Path, Path]) -> None:
    assert run("diff", *paths) == (0, TOLD, "")
    assert run("diff", *paths, "--exit-code") == (1, TOLD, "")


def test_no_difference(paths: tuple[Path, Path]) -> None:
    for flags in ([], ["--exit-code"]):
        assert run("diff", paths[0], paths[0], *flags) == (0, "no difference\n", "")


def test_batch_sizes_and_fillers(paths: tuple[Path, Path]) -> None:
    paths[1].write_text(OLD.replace("dim: 2", "dim: 7"))
    note = "note: batch sizes or fillers differ; use --all to list them\n"
    assert run("diff", *paths, "--exit-code") == (0, "no difference\n", note)
    status, out, err = run("diff", *paths, "--all", "--exit-code")
    assert (status, err) == (1, "")
    assert "    shape of ip: 2 x 4 -> 7 x 4\n" in out


def test_one_net_from_standard_input(paths: tuple[Path, Path]) -> None:
    assert run("diff", "-", paths[1], stdin=OLD.encode()) == (0, TOLD, "")


def test_both_nets_are_in_one_state(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(OLD + nets.layer("ReLU", "r", "ip", "ip", "include { phase: TEST }"))
    other = tmp_path / "other.prototxt"
    other.write_text(OLD)
    assert run("diff", path, other).out == "no difference\n"
    assert run("diff", path, other, "--phase", "test").out.startswith("- r (ReLU)\n")


def test_notes_go_to_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_text(nets.layer("Unheard", "u", "", "u"))
    note = f"{path}:1:1: note: unknown layer type 'Unheard'; its output shapes are unknown\n"
    assert run("diff", path, path) == (0, "no difference\n", note * 2)


def test_a_mistake_in_either_is_told(paths: tuple[Path, Path]) -> None:
    paths[1].write_text("layer {")
    status, out, err = run("diff", *paths)
    assert (status, out) == (1, "")
    assert err.startswith(f"{paths[1]}:1:8: the file ends within the message")


def test_the_examples_differ_as_their_names_say() -> None:
    """CaffeNet with 1,000 outputs has 978 more of 4,096 weights and a bias."""
    nets_of = [
        ROOT / "examples/caffenet" / name for name in ("deploy.prototxt", "deploy_1000.prototxt")
    ]
    status, out, err = run("diff", *nets_of)
    assert (status, err) == (0, "")
    assert [line for line in out.splitlines() if line[0] in "+-~"] == [
        "~ fc8 (InnerProduct)",
        "~ prob (Softmax)",
    ]
    assert f"parameters: 56,958,358 -> {56_958_358 + 978 * (4096 + 1):,}" in out
