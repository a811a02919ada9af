"""`caffetools draw`: the files that it writes."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.commands import ROOT, run, spawn

LENET = ROOT / "examples" / "lenet" / "deploy.prototxt"


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.svg", b"<svg"), ("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.dot", b"digraph")],
)
def test_the_whole_graph(tmp_path: Path, name: str, start: bytes) -> None:
    path = tmp_path / name
    assert run("draw", LENET, "-o", path) == (0, "", "")
    assert path.read_bytes().startswith(start)


def test_stages(tmp_path: Path) -> None:
    folder = tmp_path / "stages"
    assert run("draw", LENET, "--stages", "-o", folder) == (0, "", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "1_conv1.svg",
        "2_conv2.svg",
        "3_ip1.svg",
        "4_ip2.svg",
        "all.svg",
    ]
    for path in folder.iterdir():
        ET.parse(path)


def test_stages_in_another_form(tmp_path: Path) -> None:
    assert run("draw", LENET, "--stages", "--form", "pdf", "-o", tmp_path).status == 0
    assert (tmp_path / "all.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("mine")
    told = f"{path}: file exists; use --force to overwrite\n"
    assert run("draw", LENET, "-o", path) == (1, "", told)
    assert path.read_text() == "mine"
    assert run("draw", LENET, "-o", path, "--force").status == 0
    assert path.read_text().startswith("<svg")


def test_a_form_that_is_not_known(tmp_path: Path) -> None:
    told = "file extension expected one of .svg, .png, .pdf, .dot, found .jpg"
    assert run("draw", LENET, "-o", tmp_path / "a.jpg") == (1, "", f"{tmp_path}/a.jpg: {told}\n")
    assert not (tmp_path / "a.jpg").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.svg"
    assert run("draw", LENET, "-o", path).status == 1


def test_names_of_files_are_safe(tmp_path: Path) -> None:
    net = tmp_path / "net.prototxt"
    net.write_text(LENET.read_text().replace('name: "conv1"', 'name: "../../<a> b"'))
    folder = tmp_path / "stages"
    assert run("draw", net, "--stages", "-o", folder).status == 0
    assert (folder / "1_a_b.svg").is_file()


def test_columns_and_blocks_in_full(tmp_path: Path) -> None:
    one, two = tmp_path / "1.svg", tmp_path / "2.svg"
    for path, columns in ((one, "1"), (two, "2")):
        assert run("draw", LENET, "-o", path, "--columns", columns, "--no-fold").status == 0
    heights = [float(ET.parse(path).getroot().get("height", "0")) for path in (one, two)]
    assert heights[0] > heights[1]


def test_namespaces(tmp_path: Path) -> None:
    net = tmp_path / "net.prototxt"
    text = LENET.read_text()
    for name in ("conv1", "pool1", "conv2"):
        text = text.replace(f'name: "{name}"', f'name: "head/{name}"')
    net.write_text(text)
    assert run("draw", net, "--namespaces", "-o", tmp_path / "a.svg").status == 0
    assert 'data-namespace="head"' in (tmp_path / "a.svg").read_text()


def test_a_figure_and_stages_exclude_each_other(tmp_path: Path) -> None:
    done = run("draw", LENET, "--figure", "--stages", "-o", tmp_path / "a.svg")
    assert done.status == 2
    assert "expected --stages or --figure, found both" in done.err


def test_what_is_not_needed_is_not_loaded(tmp_path: Path) -> None:
    done = spawn("draw", LENET, "-o", tmp_path / "a.svg", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert b"matplotlib" not in done.stderr
    assert b"numpy" not in done.stderr


def test_the_pictures_of_alexnet_are_what_the_command_draws(tmp_path: Path) -> None:
    folder = ROOT / "examples" / "alexnet"
    options = ("--phase", "test", "--batch-size", "1")
    run("draw", folder / "deploy.prototxt", *options, "-o", tmp_path / "graph.svg")
    run("draw", folder / "deploy.prototxt", *options, "--stages", "-o", tmp_path / "stages")
    run("draw", folder / "deploy.prototxt", *options, "--figure", "-o", tmp_path / "figure.svg")
    names = {"graph.svg": "graph.svg", "stages/all.svg": "stages.svg", "figure.svg": "figure.svg"}
    for drawn, kept in names.items():
        assert (tmp_path / drawn).read_bytes() == (folder / kept).read_bytes(), kept
