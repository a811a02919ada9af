from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("PIL")
pytest.importorskip("lmdb")

from tests.commands import run
from tests.data.images import folder_of


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


def test_a_list_and_options(tmp_path: Path) -> None:
    folder, database = folder_of(tmp_path), tmp_path / "db"
    path = tmp_path / "list.txt"
    path.write_text("dog/3.png 5\ngone.png 1\n")
    size = ("--resize-height", "2", "--resize-width", "2")
    options = ("--list", path, "--gray", "--shuffle", "--encode-type", "png", *size)
    done = run("data", "convert", folder, "-o", database, *options)
    assert done.status == 0
    assert f"{folder}/gone.png: cannot be read: No such file or directory; left out" in done.err
    assert run("data", "mean", database).out == "mean_value: 40\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("convert", "images"), 2, "Missing option '-o'"),
        (("convert", "gone", "-o", "db"), 1, "gone: cannot be read: No such file"),
        (("convert", "images", "-o", "images"), 1, "images: this is there already"),
        (("convert", "images", "-o", "db", "--resize-width", "3"), 2, "go together"),
        (("convert", "images", "-o", "db", "--list", "l", "--labels", "x"), 2, "do not go with"),
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
