"""A trainer's state into the files of a snapshot, and back."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.solverstate import SolverState
from caffetools.torch.training import model, snapshots
from caffetools.torch.training.snapshots import Resume, Snapshot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from caffetools.torch.training.trainer import Trainer


def save(trainer: Trainer) -> None:
    """Write all files of a snapshot, in the first process.

    Raises CaffeToolsError for a file that cannot be written.
    """
    settings, iteration = trainer.settings, trainer.iteration
    generators = trainer.world.gather(generator_states(trainer.world.device))
    if not trainer.world.is_first:
        return
    model_ending, state_ending = snapshots.endings(settings)
    names = [snapshots.file_name(settings, iteration, end) for end in (model_ending, state_ending)]
    is_hdf5 = settings.snapshot_format == "HDF5"
    form, places = "binary proto", ("solver.cpp:464", "sgd_solver.cpp:284")
    if is_hdf5:
        form, places = "HDF5", ("solver.cpp:474", "sgd_solver.cpp:296")
    trainer.log.say(places[0], f"Snapshotting to {form} file {names[0]}")
    snapshots.save_model(settings, iteration, trainer.project.template, blobs(trainer))
    trainer.log.say(places[1], f"Snapshotting solver state to {form} file {names[1]}")
    snapshots.save_state(
        settings, iteration, solver_state(trainer, names[0]), resume(trainer, generators)
    )


def blobs(trainer: Trainer) -> dict[str, list[Blob | None]]:
    """The blobs of each layer, in Caffe's order; HDF5 holds shared ones at their owner alone."""
    is_hdf5 = trainer.settings.snapshot_format == "HDF5"
    owned = model.owned_places(trainer.module)
    layers: dict[str, list[Blob | None]] = {}
    for blob in model.layer_blobs(trainer.module):
        left_out = is_hdf5 and (blob.layer, blob.place) not in owned
        saved = None if left_out else Blob(blob.shape, _array(blob.tensor))
        layers.setdefault(blob.layer, []).append(saved)
    return layers


def _array(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array


def solver_state(trainer: Trainer, learned_net: str) -> SolverState:
    """What a .solverstate holds."""
    owned = model.owned_blobs(trainer.module)
    histories = trainer.solver.histories()
    shapes = [blob.shape for blob in owned] * len(trainer.solver.names)
    schedule = trainer.schedule
    watches = trainer.settings.lr_policy == "plateau"
    return SolverState(
        trainer.iteration,
        learned_net,
        [Blob(shape, _array(values)) for shape, values in zip(shapes, histories, strict=True)],
        schedule.current_step,
        (schedule.minimum_loss, schedule.iter_last_event) if watches else None,
    )


def resume(trainer: Trainer, generators: list[dict[str, str]]) -> Resume:
    """What the file beside a .solverstate holds."""
    smoothed = trainer.losses.smoothed
    return Resume(
        trainer.seed,
        trainer.positions,
        [[reader.position for reader in test.readers] for test in trainer.tests],
        list(smoothed.losses),
        smoothed.value,
        smoothed.count,
        generators,
    )


def restore(trainer: Trainer, snapshot: Snapshot) -> None:
    """Go on from a snapshot. Raises CaffeToolsError where it is not of this net or solver."""
    if snapshot.layers is not None:
        for name in model.load(trainer.module, snapshot.layers):
            trainer.log.say("net.cpp:746", f"Ignoring source layer {name}")
    state = snapshot.state
    trainer.log.say("sgd_solver.cpp:336", "SGDSolver: restoring history")
    trainer.solver.restore([torch.from_numpy(blob.as_float32().copy()) for blob in state.history])
    trainer.iteration = trainer.solver.iteration = trainer.saved = state.iteration
    trainer.schedule.current_step = state.current_step
    if state.plateau is not None:
        trainer.schedule.minimum_loss, trainer.schedule.iter_last_event = state.plateau
    if snapshot.resume is not None:
        _restore_run(trainer, snapshot.resume)


def _restore_run(trainer: Trainer, resumed: Resume) -> None:
    smoothed = trainer.losses.smoothed
    if len(resumed.losses) <= smoothed.average_loss:
        smoothed.losses = list(resumed.losses)
        smoothed.value, smoothed.count = resumed.smoothed_loss, resumed.loss_count
    if len(resumed.positions) != len(trainer.readers):
        raise CaffeToolsError(
            f"expected places in {len(trainer.readers)} sources, found {len(resumed.positions)}"
        )
    for reader, position in zip(trainer.readers, resumed.positions, strict=True):
        reader.go_to(position)
    trainer.positions = list(resumed.positions)
    for test, positions in zip(trainer.tests, resumed.test_positions, strict=False):
        for reader, position in zip(test.readers, positions, strict=False):
            reader.go_to(position)
    if len(resumed.generators) == trainer.world.size:
        set_generator_states(trainer.world.device, resumed.generators[trainer.world.rank])
    else:
        text = f"random states are of {len(resumed.generators)} processes: they begin anew"
        trainer.log.remark("solver.cpp:296", text)


def generator_states(device: torch.device) -> dict[str, str]:
    """PyTorch's random states, in base64."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return {
        name: base64.b64encode(state.numpy().tobytes()).decode() for name, state in states.items()
    }


def set_generator_states(device: torch.device, states: dict[str, str]) -> None:
    """Take them over; raises CaffeToolsError for what are none."""
    try:
        found = {
            name: torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
            for name, text in states.items()
        }
        torch.set_rng_state(found["cpu"])
        if device.type == "cuda" and "cuda" in found:
            torch.cuda.set_rng_state(found["cuda"], device)
    except (KeyError, ValueError, RuntimeError) as error:
        raise CaffeToolsError(f"the file beside the snapshot is damaged: {error}") from None
