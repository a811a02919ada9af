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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats import hdf5_snapshot as hdf5_files
from caffetools.formats import snapshot as caffe_files
from caffetools.formats.snapshot import Blob, NetTemplate, SolverState
from caffetools.torch.training.settings import SolverSettings
from caffetools.writing import replace_file

Result = TypeVar("Result")

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
    form = hdf5_files if settings.snapshot_format == "HDF5" else caffe_files
    replace_file(model, form.caffemodel(template, blobs))


def save_state(
    settings: SolverSettings, iteration: int, state: SolverState, resume: Resume
) -> None:
    """Write what a run needs to go on, once the weights are there."""
    beside = file_name(settings, iteration, ".resume.json")
    replace_file(beside, (json.dumps(asdict(resume)) + "\n").encode())
    form = hdf5_files if settings.snapshot_format == "HDF5" else caffe_files
    replace_file(file_name(settings, iteration, endings(settings)[1]), form.solverstate(state))


def read(path: str) -> Snapshot:
    """Read a .solverstate, the net that it names and the file beside it.

    The net is sought where the state says, from the working directory, then beside the state.
    Raises CaffeToolsError, placed at the file that is missing or damaged.
    """
    state = _placed(path, _read_state)
    layers = None
    if state.learned_net is not None:
        beside = os.path.join(os.path.dirname(path), os.path.basename(state.learned_net))
        found = state.learned_net if os.path.exists(state.learned_net) else beside
        layers = _placed(found, read_layers)
    return Snapshot(state, layers, _read_resume(path))


def read_layers(path: str) -> Mapping[str, Sequence[Blob | None]]:
    """The blobs of each layer of a .caffemodel or .caffemodel.h5."""
    if path.endswith(".h5"):
        return hdf5_files.read_caffemodel(path)
    with open(path, "rb") as file:
        return caffe_files.read_caffemodel(file.read())


def _read_state(path: str) -> SolverState:
    if path.endswith(".h5"):
        return hdf5_files.read_solverstate(path)
    with open(path, "rb") as file:
        return caffe_files.read_solverstate(file.read())


def _placed(path: str, read_file: Callable[[str], Result]) -> Result:
    """What a reader finds in a file; its errors name the file."""
    try:
        return read_file(path)
    except FileNotFoundError:
        raise CaffeToolsError("no such file", Location(path)) from None
    except CaffeToolsError as error:
        raise error.at(Location(path)) from None
    except OSError as error:
        raise CaffeToolsError(f"cannot be read: {error.strerror}", Location(path)) from None


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
