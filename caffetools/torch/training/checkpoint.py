"""The state of a run, saved to the files of a snapshot and restored from them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import torch
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.formats.caffemodel import NetTemplate
from caffetools.formats.solverstate import SolverState
from caffetools.torch.training import model
from caffetools.torch.training.data.reader import Reader
from caffetools.torch.training.forward import TestNet
from caffetools.torch.training.glog_writer import GlogWriter, one_line
from caffetools.torch.training.loss_scale import LossScale
from caffetools.torch.training.losses import Losses
from caffetools.torch.training.parallel import World
from caffetools.torch.training.rates import Schedule
from caffetools.torch.training.settings import SolverSettings
from caffetools.torch.training.snapshots import Resume, Snapshot, SnapshotPaths
from caffetools.torch.training.solver_base import Solver


@dataclass
class RunState:
    """What a snapshot saves of a run, and where it is logged.

    The iteration is the solver's. `positions` has the number of items used of each training
    source after the last whole iteration, `saved` the iteration of the last snapshot or 0,
    `saved_to` the path of its .solverstate or "".
    """

    settings: SolverSettings
    template: NetTemplate
    world: World
    log: GlogWriter
    module: nn.Module
    readers: tuple[Reader, ...]
    tests: tuple[TestNet, ...]
    solver: Solver
    schedule: Schedule
    losses: Losses
    seed: int = 0
    saved: int = 0
    saved_to: str = ""
    positions: list[int] = field(default_factory=list)
    resumes: bool = True
    """Whether snapshots have a .resume.json."""
    scale: LossScale | None = None
    """Of the loss in half precision."""


def save(run: RunState) -> None:
    """Write all files of a snapshot, in the first process.

    Raises CaffeToolsError if a file cannot be written.
    """
    generators = run.world.gather(generator_states(run.world.device))
    paths = SnapshotPaths(run.settings, run.solver.iteration)
    if run.world.is_first:
        _write(run, paths, generators)
    run.saved, run.saved_to = run.solver.iteration, paths.state


def _write(run: RunState, paths: SnapshotPaths, generators: list[dict[str, str]]) -> None:
    form, places = "binary proto", ("solver.cpp:464", "sgd_solver.cpp:284")
    if paths.is_hdf5:
        form, places = "HDF5", ("solver.cpp:474", "sgd_solver.cpp:296")
    run.log.say(places[0], f"Snapshotting to {form} file {one_line(paths.model)}")
    run.log.say(places[1], f"Snapshotting solver state to {form} file {one_line(paths.state)}")
    state = solver_state(run, paths.model)
    paths.save(
        run.template,
        model.stored_blobs(run.module, is_hdf5=paths.is_hdf5),
        state,
        resume(run, generators) if run.resumes else None,
    )


def solver_state(run: RunState, learned_net: str) -> SolverState:
    """Return the content of a .solverstate; `learned_net` is the path of the weights."""
    solver, schedule = run.solver, run.schedule
    shapes = [blob.shape for blob in model.owned_blobs(run.module)] * len(solver.names)
    history = [model.stored(*each) for each in zip(shapes, solver.histories(), strict=True)]
    is_plateau = run.settings.lr_policy == "plateau"
    plateau = (schedule.minimum_loss, schedule.iter_last_event) if is_plateau else None
    return SolverState(solver.iteration, learned_net, history, schedule.current_step, plateau)


def resume(run: RunState, generators: list[dict[str, str]]) -> Resume:
    """Return the content of a .resume.json."""
    tested = [[reader.position for reader in test.readers] for test in run.tests]
    mean = run.losses.smoothed
    return Resume(
        run.seed,
        run.positions,
        tested,
        list(mean.losses),
        mean.value,
        mean.count,
        generators,
        [run.scale.factor, run.scale.steps] if run.scale else [],
    )


def restore(run: RunState, snapshot: Snapshot) -> None:
    """Continue from a snapshot; raise CaffeToolsError if it is of another net or solver."""
    if snapshot.layers is not None:
        for name in model.load(run.module, snapshot.layers):
            run.log.say("net.cpp:746", f"Ignoring source layer {name}")
    state = snapshot.state
    run.log.say("sgd_solver.cpp:336", "SGDSolver: restoring history")
    run.solver.restore([torch.from_numpy(blob.as_float32().copy()) for blob in state.history])
    run.solver.iteration = run.saved = state.iteration
    run.schedule.current_step = state.current_step
    if state.plateau is not None:
        run.schedule.minimum_loss, run.schedule.iter_last_event = state.plateau
    if snapshot.resume is not None and run.resumes:
        _resume_exactly(run, snapshot.resume)


def _resume_exactly(run: RunState, resumed: Resume) -> None:
    if run.scale and len(resumed.loss_scale) == 2:
        run.scale.factor, run.scale.steps = resumed.loss_scale[0], int(resumed.loss_scale[1])
    smoothed, positions = run.losses.smoothed, resumed.positions
    if len(resumed.losses) <= smoothed.average_loss:
        smoothed.losses = list(resumed.losses)
        smoothed.value, smoothed.count = resumed.smoothed_loss, resumed.loss_count
    if len(positions) != len(run.readers):
        text = f"expected positions in {len(run.readers)} sources, found {len(positions)}"
        raise CaffeToolsError(text)
    run.positions = list(positions)
    tested = zip((test.readers for test in run.tests), resumed.test_positions, strict=False)
    for readers, places in ((run.readers, positions), *tested):
        for reader, position in zip(readers, places, strict=False):
            reader.go_to(position)
    if len(resumed.generators) == run.world.size:
        set_generator_states(run.world.device, resumed.generators[run.world.rank])
    else:
        text = f"found random states of {len(resumed.generators)} processes: they are not restored"
        run.log.remark("solver.cpp:296", text)


def generator_states(device: torch.device) -> dict[str, str]:
    """Return PyTorch's random states by device, in base64."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return {
        name: base64.b64encode(state.numpy().tobytes()).decode() for name, state in states.items()
    }


def set_generator_states(device: torch.device, states: dict[str, str]) -> None:
    """Restore random states; raise CaffeToolsError if they are damaged."""
    try:
        found = {
            name: torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
            for name, text in states.items()
        }
        torch.set_rng_state(found["cpu"])
        if device.type == "cuda" and "cuda" in found:
            torch.cuda.set_rng_state(found["cuda"], device)
    except (KeyError, ValueError, RuntimeError) as error:
        raise CaffeToolsError(f"the .resume.json of the snapshot is damaged: {error}") from None
