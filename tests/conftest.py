"""What all tests may use: golden files, located errors, the shared folder beside the checkout."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from caffetools.errors import CaffeToolsError
from caffetools.layers.registry import REGISTRY
from tests.caffe_results import unpack

if "PYTEST_XDIST_WORKER" in os.environ:
    # A process a core: PyTorch, which a test imports later, and child processes need no threads.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

TESTS = Path(__file__).parent
GOLDEN = TESTS / "golden"

hypothesis.settings.register_profile("default", deadline=None)
# The same examples in every run of CI: a failure there is the change's, and can be repeated.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--overwrite", action="store_true", help="write the golden files anew from what is computed"
    )


class Golden:
    """Compares text with a file of tests/golden, or writes the file under --overwrite."""

    def __init__(self, *, overwrite: bool) -> None:
        self.overwrite = overwrite

    def check(self, name: str, actual: str) -> None:
        """Is `actual` what tests/golden/`name` holds, byte for byte?"""
        path = GOLDEN / name
        if self.overwrite:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(actual.encode())
        elif not path.is_file():
            pytest.fail(f"tests/golden/{name} is not there: pytest --overwrite writes it")
        assert actual == path.read_bytes().decode()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(overwrite=request.config.getoption("--overwrite"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real nets, logs and what Caffe computed; without it the test is skipped."""
    named = os.environ.get("CAFFETOOLS_SHARED")
    folder = Path(named) if named else TESTS.parent.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: CAFFETOOLS_SHARED names the folder")
    return folder


@pytest.fixture(scope="session")
def caffe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what real Caffe computed: layers/CASE, layers_ssd/CASE and training/RUN."""
    return unpack(tmp_path_factory.mktemp("caffe"))


@pytest.fixture(autouse=True)
def own_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer type that a test registers is unknown to the next test."""
    monkeypatch.setattr(REGISTRY, "_classes", dict(REGISTRY._classes))


CheckError = Callable[..., CaffeToolsError]


@pytest.fixture
def check_error(tmp_path: Path) -> CheckError:
    """A function that reads a text which is wrong and checks where and what the error is.

    `fragment` is a part of the message. `read` takes the path of the file that holds the text;
    without it the text is a net for `caffetools.load`, which takes the further options.
    """

    def check(
        text: str,
        line: int | None,
        column: int | None,
        fragment: str,
        *,
        read: Callable[..., object] | None = None,
        **options: Any,
    ) -> CaffeToolsError:
        if read is None:
            import caffetools

            read = caffetools.load
        path = tmp_path / "net.prototxt"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(CaffeToolsError) as caught:
            read(path, **options)
        error = caught.value
        assert fragment in error.message
        assert error.location == (str(path), line, column)
        assert "\n" not in str(error)
        return error

    return check
