"""Snapshots: Caffe's two files, and a third for what these have no field for.

    PREFIX_iter_N.caffemodel    the weights                           (or .caffemodel.h5)
    PREFIX_iter_N.solverstate   the solver's histories and steps      (or .solverstate.h5)
    PREFIX_iter_N.resume.json   the place in the data, random states, what the shown loss averages

Each is written beside its place and then put there, the .solverstate last: where that is there, the
snapshot is whole. With the third file a resumed run goes on bit for bit as the uncut one; without
it as Caffe's does, from the first item of the data.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.hdf5 import hdf5_caffemodel, hdf5_solverstate
from caffetools.formats.solverstate import SolverState, solverstate
from caffetools.formats.weights import read_layers, read_weights
from caffetools.torch.training.settings import SolverSettings
from caffetools.writing import replace_file

_STATE_ENDINGS = (".solverstate", ".solverstate.h5")


@dataclass(frozen=True)
class Resume:
    """What a run needs to go on as if it had not been cut."""

    seed: int
    positions: list[int]
    """How many items of each training source were used."""
    test_positions: list[list[int]]
    """The same for each test net."""
    losses: list[float]
    """The last losses, of which the mean is shown."""
    smoothed_loss: float
    loss_count: int
    """How many losses there were since the run began: it says which is replaced next."""
    generators: list[dict[str, str]]
    """PyTorch's random states by device, in base64, one for each process."""


@dataclass(frozen=True)
class Snapshot:
    """All that was found in the files of one."""

    state: SolverState
    layers: Mapping[str, Sequence[Blob | None]] | None
    """None where the state names no net."""
    resume: Resume | None


def file_name(settings: SolverSettings, iteration: int, ending: str) -> str:
    """What Caffe calls a file of an iteration's snapshot."""
    return f"{settings.snapshot_prefix}_iter_{iteration}{ending}"


def endings(settings: SolverSettings) -> tuple[str, str]:
    """Of the weights and of the state."""
    end = ".h5" if settings.snapshot_format == "HDF5" else ""
    return f".caffemodel{end}", f".solverstate{end}"


def check_writable(settings: SolverSettings) -> None:
    """Raise CaffeToolsError where snapshots could not be written, before hours are spent.

    Caffe looks where `snapshot` is set alone, and meets the last one's failure in the end.
    """
    if not settings.snapshot and not settings.snapshot_after_train:
        return
    probe = file_name(settings, settings.max_iter, f".{os.getpid()}.solverstate.h5")
    try:
        with open(probe, "xb"):
            pass
        os.unlink(probe)
    except (OSError, ValueError) as error:  # ValueError for a name that no file can have
        text = f"snapshots cannot be written: {getattr(error, 'strerror', error)}"
        raise CaffeToolsError(text, Location(settings.snapshot_prefix)) from None


def save_model(
    settings: SolverSettings,
    iteration: int,
    template: NetTemplate,
    blobs: Mapping[str, Sequence[Blob | None]],
) -> None:
    """Write the weights. The state of an older snapshot with this name goes first."""
    model, state = (file_name(settings, iteration, ending) for ending in endings(settings))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(state)
    is_hdf5 = settings.snapshot_format == "HDF5"
    data = hdf5_caffemodel(template, blobs) if is_hdf5 else template.with_blobs(blobs)
    replace_file(model, data)


def save_state(
    settings: SolverSettings, iteration: int, state: SolverState, resume: Resume
) -> None:
    """Write what a run needs to go on, once the weights are there."""
    beside = file_name(settings, iteration, ".resume.json")
    replace_file(beside, (json.dumps(asdict(resume)) + "\n").encode())
    is_hdf5 = settings.snapshot_format == "HDF5"
    data = hdf5_solverstate(state) if is_hdf5 else solverstate(state)
    replace_file(file_name(settings, iteration, endings(settings)[1]), data)


def read(path: str) -> Snapshot:
    """Read a .solverstate, the net that it names and the file beside it.

    The net is sought where the state says, from the working directory, then beside the state.
    Raises CaffeToolsError, placed at the file that is missing or damaged.
    """
    state = read_weights(path, "solverstate").state
    assert state is not None
    layers = None
    if state.learned_net is not None:
        beside = os.path.join(os.path.dirname(path), os.path.basename(state.learned_net))
        found = state.learned_net if os.path.exists(state.learned_net) else beside
        layers = read_layers(found)
    return Snapshot(state, layers, _read_resume(path))


def _read_resume(path: str) -> Resume | None:
    ending = next((ending for ending in reversed(_STATE_ENDINGS) if path.endswith(ending)), "")
    beside = path.removesuffix(ending) + ".resume.json"
    if not ending or not os.path.isfile(beside):
        return None
    try:
        with open(beside, "rb") as file:
            return Resume(**json.loads(file.read()))
    except (OSError, ValueError, TypeError) as error:
        text = f"cannot be read: {error}; remove it to resume from the start of the data"
        raise CaffeToolsError(text, Location(beside)) from None
