"""The files of a snapshot: Caffe's two, and a third for what they have no field for.

    PREFIX_iter_N.caffemodel    the weights                           (or .caffemodel.h5)
    PREFIX_iter_N.solverstate   the solver's histories and steps      (or .solverstate.h5)
    PREFIX_iter_N.resume.json   positions in the data, random states, the smoothed loss

All are written before they replace older ones, the .solverstate last: if it exists, the snapshot
is complete. With the third file a resumed run continues bit for bit as the uncut one; without it,
as in Caffe, from the first item of the data.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.files import check_regular
from caffetools.formats.hdf5 import hdf5_caffemodel, hdf5_solverstate
from caffetools.formats.solverstate import SolverState, solverstate
from caffetools.formats.weights import read_layers, read_weights
from caffetools.torch.training.settings import SolverSettings
from caffetools.writing import replace_files


@dataclass(frozen=True)
class Resume:
    """Content of a .resume.json: what a resumed run needs to equal the uncut one.

    `positions` are the numbers of items used of each training source, `test_positions` those of
    each test net. `losses`, `smoothed_loss` and `loss_count` are of `losses.SmoothedLoss`.
    `generators` has PyTorch's random states by device, in base64, for each process.
    `loss_scale` is the factor and the steps of a `loss_scale.LossScale`, empty without one.
    """

    seed: int
    positions: list[int]
    test_positions: list[list[int]]
    losses: list[float]
    smoothed_loss: float
    loss_count: int
    generators: list[dict[str, str]]
    loss_scale: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Snapshot:
    """Content of the files of a snapshot; `layers` is None if the state names no net."""

    state: SolverState
    layers: Mapping[str, Sequence[Blob | None]] | None
    resume: Resume | None


class SnapshotPaths:
    """The paths of a snapshot's files, named as Caffe names them."""

    def __init__(self, settings: SolverSettings, iteration: int) -> None:
        start = f"{settings.snapshot_prefix}_iter_{iteration}"
        self.is_hdf5 = settings.snapshot_format == "HDF5"
        end = ".h5" if self.is_hdf5 else ""
        self.model, self.state = f"{start}.caffemodel{end}", f"{start}.solverstate{end}"
        self.resume = f"{start}.resume.json"

    def save(
        self,
        template: NetTemplate,
        blobs: Mapping[str, Sequence[Blob | None]],
        state: SolverState,
        resume: Resume | None,
    ) -> None:
        """Write all files; an older snapshot stays unless all can be written."""
        model = hdf5_caffemodel(template, blobs) if self.is_hdf5 else template.with_blobs(blobs)
        files = {
            self.model: model,
            **({self.resume: (json.dumps(asdict(resume)) + "\n").encode()} if resume else {}),
            self.state: hdf5_solverstate(state) if self.is_hdf5 else solverstate(state),
        }
        replace_files(files, last_marks=True)


def check_writable(settings: SolverSettings) -> None:
    """Raise CaffeToolsError if snapshots cannot be written, before training starts.

    Caffe checks this only if `snapshot` is set; a last snapshot then fails at the end.
    """
    if not settings.snapshot and not settings.snapshot_after_train:
        return
    probe = SnapshotPaths(settings, settings.max_iter).state + f".{os.getpid()}"
    try:
        with open(probe, "xb"):
            pass
        os.unlink(probe)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        text = f"snapshots cannot be written: {getattr(error, 'strerror', error)}"
        if isinstance(error, FileNotFoundError):
            text += f"; use mkdir -p {shlex.quote(os.path.dirname(probe))}"
        raise CaffeToolsError(text, Location(settings.snapshot_prefix)) from None


def read(path: str) -> Snapshot:
    """Read a .solverstate, the weights that it names and its .resume.json.

    The path of the weights is relative to the working directory, or they are in the folder of the
    state. Raises CaffeToolsError, located at the file that is missing or damaged.
    """
    state = read_weights(path, "solverstate").state
    assert state is not None
    layers = None
    if state.learned_net is not None:
        named = state.learned_net
        sibling = os.path.join(os.path.dirname(path), os.path.basename(named))
        weights = named if os.path.exists(named) else sibling
        check_regular(weights)
        layers = read_layers(weights)
    return Snapshot(state, layers, _read_resume(path))


def _read_resume(path: str) -> Resume | None:
    state = path.removesuffix(".h5")
    resume_path = state.removesuffix(".solverstate") + ".resume.json"
    if not state.endswith(".solverstate") or not os.path.isfile(resume_path):
        return None
    try:
        with open(resume_path, "rb") as file:
            found = Resume(**json.loads(file.read()))
        _check_form(found)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        text = f"cannot be read: {error}; remove it to resume from the start of the data"
        raise CaffeToolsError(text, Location(resume_path)) from None
    return found


_FORM: dict[str, Any] = {
    "seed": int,
    "positions": [int],
    "test_positions": [[int]],
    "losses": [float],
    "smoothed_loss": float,
    "loss_count": int,
    "generators": [{str: str}],
    "loss_scale": [float],
}


def _check_form(found: Resume) -> None:
    for name, form in _FORM.items():
        if not _has_form(getattr(found, name), form):
            raise ValueError(f"{name} has another type or a number out of range")


def _has_form(value: object, form: Any) -> bool:
    """Whether a value of JSON has the types of `form`; integers are at least 0 and below 2^63."""
    if isinstance(form, list):
        return isinstance(value, list) and all(_has_form(each, form[0]) for each in value)
    if isinstance(form, dict):
        return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
    if form is float:
        return type(value) in (int, float)
    return type(value) is int and 0 <= value < 1 << 63
