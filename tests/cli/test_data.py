from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

pytest.importorskip("PIL")
pytest.importorskip("lmdb")

from tests.commands import ROOT, interruptible, run, spawn_limited
from tests.datasets.images import folder_of


def test_images_become_a_database_with_a_mean(tmp_path: Path) -> None:
    folder, database = folder_of(tmp_path), tmp_path / "db"
    labels, mean = tmp_path / "labels.txt", tmp_path / "mean.binaryproto"
    done = run("data", "convert", folder, "-o", database, "--labels", labels)
    assert (done.status, done.out) == (0, "")
    assert done.err == f"4 images of 2 classes in {database}\n"
    assert labels.read_text() == "cat\ndog\n"
    done = run("data", "mean", database, mean)
    assert done.err == "4 items of 3 x 4 x 6\n"
    assert done.out == "mean_value: 25\n" * 3
    assert mean.exists()
    done = run("data", "class-weights", database, tmp_path / "H.binaryproto")
    assert done.out == "label,items,weight\n0,2,1\n1,2,1\n"  # 4 / (2 * 2)
    assert (tmp_path / "H.binaryproto").exists()


def test_a_list_and_options(tmp_path: Path) -> None:
    folder, database = folder_of(tmp_path), tmp_path / "db"
    path = tmp_path / "list.txt"
    path.write_text("dog/3.png 5\ngone.png 1\n")
    size = ("--resize-height", "2", "--resize-width", "2")
    options = ("--list", path, "--gray", "--shuffle", "--encode-type", "png", *size)
    done = run("data", "convert", folder, "-o", database, *options)
    assert done.status == 0
    assert f"{folder}/gone.png: no such file; left out" in done.err
    assert run("data", "mean", database).out == "mean_value: 40\n"


def test_images_with_annotations(tmp_path: Path) -> None:
    """Classes count from 1; their map is written, and names the boxes that are drawn."""
    pytest.importorskip("cv2")
    folder, database, labels = folder_of(tmp_path), tmp_path / "db", tmp_path / "map.prototxt"
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>3</xmax><ymax>4</ymax></bndbox>"
    text = "<annotation><object><name>cat</name>{}</object></annotation>"
    (folder / "a.xml").write_text(text.format(box))
    (folder / "b.xml").write_text(text.format(box).replace("cat", "dog"))
    path = tmp_path / "list.txt"
    path.write_text("dog/3.png a.xml\ncat/0.png b.xml\ncat/1.png gone.xml\n")
    options = ("--annotations", "voc", "--list", path, "--encode-type", "png", "--labels", labels)
    done = run("data", "convert", folder, "-o", database, *options)
    assert done.status == 0
    assert done.err.splitlines() == [
        f"{folder}/gone.xml: there is no such file: the image has no objects",
        f"3 images of 2 classes in {database}",
    ]
    assert 'name: "cat" label: 1 display_name: "cat"' in labels.read_text()
    sheet = tmp_path / "sheet.svg"
    done = run("data", "show", database, "-o", sheet, "--label-map", labels, "--count", "2")
    assert (done.status, done.out, done.err) == (0, "", "")
    for shown in ("00000000_dog/3.png", "cat", "dog"):
        assert f"<!-- {shown} -->" in sheet.read_text()
    assert "00000002" not in sheet.read_text()


def test_what_a_net_sees(tmp_path: Path) -> None:
    """Items of a net with a crop: 2 x 2 of 4 x 6."""
    folder, database, sheet = folder_of(tmp_path), tmp_path / "db", tmp_path / "sheet.png"
    assert run("data", "convert", folder, "-o", database).status == 0
    net = tmp_path / "net.prototxt"
    net.write_text(
        'layer { name: "d" type: "Data" top: "data" top: "label" transform_param { crop_size: 2 }\n'
        f'data_param {{ source: "{database}" backend: LMDB batch_size: 2 }} }}'
    )
    done = run("data", "show", net, "-o", sheet, "--phase", "test")
    assert (done.status, done.err) == (0, "")
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("convert", "images"), 2, "Missing option '-o'"),
        (("convert", "gone", "-o", "db"), 1, "gone: cannot be read: No such file"),
        (("convert", "images", "-o", "images"), 1, "images: this is there already"),
        (("convert", "images", "-o", "db", "--resize-width", "3"), 2, "go together"),
        (("convert", "images", "-o", "db", "--list", "l", "--labels", "x"), 2, "do not go with"),
        (("convert", "images", "-o", "db", "--annotations", "voc"), 2, "goes with --list"),
        (("convert", "images", "-o", "db", "--min-dim", "3"), 2, "go with --annotations"),
        (("show", "gone", "-o", "x.png"), 1, "gone: no such file"),
        (("show", "images", "-o", "x.tiff"), 1, "file extension expected one of"),
        (("mean", "gone"), 1, "gone: there is no such database"),
        (("mean", "images"), 1, "images: this is neither an LMDB nor a LevelDB"),
    ],
)
def test_mistakes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    folder_of(tmp_path)
    (tmp_path / "l").write_text("cat/0.png 1\n")
    monkeypatch.chdir(tmp_path)
    done = run("data", *arguments)
    assert done.status == status
    assert message in done.err
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize("backend", ["lmdb", "leveldb"])
def test_a_full_disk_leaves_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    if backend == "leveldb":
        pytest.importorskip("plyvel")
    folder_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    options = ("--backend", backend, "--resize-height", "100", "--resize-width", "100")
    done = spawn_limited(9000, "data", "convert", "images", "-o", "db", *options)
    assert done.returncode == 1
    assert done.stderr.startswith("db: cannot be written: ")
    assert "Traceback" not in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["images"]


def test_a_limit_of_address_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LMDB maps what a file may become, and is refused where the process may not have so much."""
    folder_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    arguments = ("data", "convert", "images", "-o", "db")
    done = spawn_limited(4 << 30, *arguments, limit="RLIMIT_AS")
    assert done.returncode == 0
    assert done.stderr.endswith(" images of 2 classes in db\n")


def test_a_full_disk_leaves_the_old_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run("data", "convert", "images", "-o", "db").status == 0
    (tmp_path / "mean").write_bytes(b"old")
    done = spawn_limited(100, "data", "mean", "db", "mean")
    assert (done.returncode, done.stderr) == (1, "mean: cannot be written: File too large\n")
    assert (tmp_path / "mean").read_bytes() == b"old"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["db", "images", "mean"]


def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    listing = tmp_path / "list.txt"
    listing.write_text("cat/0.png 0\n" * 200000)
    program = interruptible("data", "convert", folder, "-o", tmp_path / "db", "--list", listing)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(".caffetools-*/database")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()
    assert (process.returncode, told) == (130, "interrupted\n")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["images", "list.txt"]


def test_a_list_with_lines_that_are_damaged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    path = tmp_path / "list.txt"
    path.write_text("dog/3.png 5\ndog/3.png\n\ncat/0.png 1\n")
    options = ("--list", path, "-o", tmp_path / "db")
    done = run("data", "convert", folder, *options)
    assert done.status == 0
    assert done.err.splitlines() == [
        f"{folder}/dog/3.png: expected an image and a label, found 'dog/3.png'; left out",
        f"{folder}/: expected an image and a label, found ''; left out",
        f"2 images of 2 classes in {tmp_path}/db",
    ]
    assert run("data", "convert", folder, *options[:3], tmp_path / "other", "--strict").status == 1
    assert not (tmp_path / "other").exists()
