"""Options about images, as `classify` uses them: files before single options, wrong use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import run
from tests.torch.verbs.nets import folder


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "gray; resize to 4 x 4; crop 2 x 2; subtract 10; times 0.5"),
        (("--mean", "3", "--scale", "1"), "gray; resize to 4 x 4; crop 2 x 2; subtract 3"),
        (("--resize", "2,9"), "gray; resize to 2 x 9; crop 2 x 2; subtract 10; times 0.5"),
        (("--preprocess", "steps.json"), "gray; resize to 2 x 2; subtract 7; times 2"),
        (
            ("--preprocess", "steps.json", "--scale", "3"),
            "gray; resize to 2 x 2; subtract 7; times 3",
        ),
    ],
)
def test_steps_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(folder(tmp_path))
    steps = {"resize": None, "mean": [7], "scale": 2}
    (tmp_path / "steps.json").write_text(json.dumps(steps))
    arguments = ("classify", "net.prototxt", "images", "--weights", "net.caffemodel", *options)
    ran = run(*arguments)
    assert ran.status == 0
    assert ran.err.splitlines()[-1] == f"images: {told}"


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (("--resize", "2"), "--resize expected H,W"),
        (("--preprocess", "steps.json", "--oversample"), "--oversample needs --resize H,W"),
    ],
)
def test_wrong_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], fragment: str
) -> None:
    monkeypatch.chdir(folder(tmp_path))
    (tmp_path / "steps.json").write_text('{"resize": null, "mean": [], "scale": 1}')
    ran = run("classify", "net.prototxt", "images", "--weights", "net.caffemodel", *options)
    assert ran.status == 2
    assert fragment in ran.err
