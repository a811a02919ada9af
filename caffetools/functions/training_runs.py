"""`train`: `caffe train` on PyTorch, as a function."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from caffetools.errors import CaffeToolsError, Note
from caffetools.functions.nets import Path, input_paths

if TYPE_CHECKING:
    from caffetools.proto.message import Message


def train(  # noqa: PLR0913  # as the command
    solver: Path,
    *,
    weights: Path | Sequence[Path] = (),
    snapshot: Path | None = None,
    gpus: Sequence[str] = (),
    stages: Sequence[str] = (),
    level: int = 0,
    max_iter: int | None = None,
    seed: int | None = None,
    check: bool = False,
    eval_only: bool = False,
    early_stop: tuple[int, str] | None = None,
    tensorboard: Path | None = None,
    report: Callable[[Iterable[Note]], object] = list,
    **options: Any,
) -> None:
    """Train a net as `caffe train` does; the log goes to standard error, in Caffe's format.

    Parameters
    ----------
    solver : path
        The solver.
    weights : path or sequence of paths
        Weights to start from; those that the solver names by default.
    snapshot : path, optional
        The .solverstate to resume.
    gpus : sequence of str
        Number of the GPU, the CPU without one.
    stages, level
        State of the training net.
    max_iter, seed : int, optional
        Override the solver's max_iter and random_seed.
    check, eval_only : bool
        Change nothing: try one step, or test.
    early_stop : int and str, optional
        Stop after as many tests in a row in which an output of the first test net was no better
        than before: higher, or lower if it is a loss. "" for the loss.
    tensorboard : path, optional
        Folder for event files with the curves.
    report : callable
        Gets the notes on the solver and its net.
    **options
        `amp` ("bf16" or "fp16"), `compile`, `strict` (bool), `workers` (int), `sigint` and
        `sighup` ("stop", "snapshot" or "none"), as the options of `caffetools train`.

    Raises
    ------
    CaffeToolsError
        For mistakes in the files, with their location, and data that cannot be read.

    Examples
    --------
    `examples/lenet/README.md` makes the databases of `examples/lenet/digits_solver.prototxt`;
    `caffetools.train("digits_solver.prototxt")` then trains it.
    """
    from caffetools.torch.solver.solver_file import read_solver
    from caffetools.torch.solver.solver_project import project_of
    from caffetools.torch.training.early_stop import EarlyStop
    from caffetools.torch.training.glog_writer import GlogWriter
    from caffetools.torch.training.project import RunOptions
    from caffetools.torch.training.run import run
    from caffetools.torch.training.snapshots import check_writable

    is_first = os.environ.get("RANK", "0") == "0"
    log = GlogWriter(sys.stderr if is_first else None)
    read = read_solver(os.fspath(solver), list(stages), level=level, max_iter=max_iter, seed=seed)
    report((*read.notes, *read.train.notes) if is_first else ())
    for said in read.log:
        (log.remark if said.is_warning else log.say)(said.place, said.text)
    gpus = gpus or _gpus_of_solver(read.message)
    line = f"Using GPUs {', '.join(gpus)}" if gpus else "Use CPU."
    log.say("caffe.cpp:204" if gpus else "caffe.cpp:197", line)
    named = [name for each in read.message.texts("weights") for name in each.split(",")]
    given = input_paths(weights) or input_paths(*weights)  # type: ignore[misc]  # one path, or several
    start = [] if snapshot else [name.strip() for name in given or named]
    if is_first:
        try:
            check_writable(read.settings)
        except CaffeToolsError as error:  # before nets are made
            raise read.message.error(str(error), "snapshot_prefix", kind=CaffeToolsError) from None
    project = project_of(read, start, log)
    device = "cpu" if not gpus else "cuda" if "WORLD_SIZE" in os.environ else f"cuda:{gpus[0]}"
    resumed = None if snapshot is None else os.fspath(snapshot)
    only = "check" if check else "test" if eval_only else ""
    if early_stop is not None:
        options["early_stop"] = EarlyStop(*early_stop)
    if tensorboard is None or not is_first:
        run(project, RunOptions(device, snapshot=resumed, only=only, **options), log)
        return
    from caffetools.log.tensorboard import EventFolder

    curves = ["train", *(f"test{index}" for index in range(len(read.tests)))]
    failed = partial(log.remark, "solver.cpp:239")
    with closing(EventFolder(os.fspath(tensorboard), curves, failed)) as events:
        options["curve"] = events.add
        run(project, RunOptions(device, snapshot=resumed, only=only, **options), log)


def _gpus_of_solver(solver: Message) -> list[str]:
    """Return the GPU that the solver asks for, where PyTorch has one; otherwise the CPU trains."""
    import torch

    asks = solver.has("solver_mode") and solver.text("solver_mode") == "GPU"
    return [str(solver.integer("device_id"))] if asks and torch.cuda.is_available() else []
