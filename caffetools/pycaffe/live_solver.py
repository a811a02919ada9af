"""`caffe.SGDSolver` and its kin: training's loop over live nets (solver.cpp)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from caffetools.errors import Location
from caffetools.net.reading import read_solver_message
from caffetools.proto.message import Notes
from caffetools.proto.upgrade_solver import upgrade_solver
from caffetools.pycaffe.faults import failures
from caffetools.pycaffe.modes import current_device, log_writer
from caffetools.pycaffe.net_front import Net
from caffetools.pycaffe.net_module import NetModule
from caffetools.pycaffe.user_layer import infer_live
from caffetools.torch.solver.solver_file import SolverFile, read_solver
from caffetools.torch.solver.solver_project import project_with
from caffetools.torch.training import checkpoint, snapshots
from caffetools.torch.training.forward import Forward, TestNet
from caffetools.torch.training.interruptions import NONE, Signals
from caffetools.torch.training.model import loss_weights
from caffetools.torch.training.parallel import World
from caffetools.torch.training.project import RunOptions
from caffetools.torch.training.rates import Schedule
from caffetools.torch.training.settings import SOLVER_TYPES
from caffetools.torch.training.solvers import SGD
from caffetools.torch.training.trainer import Trainer

Callback = Callable[[], object]


class LiveForward(Forward):
    """Runs live nets, which read their data themselves."""

    def __call__(self, module: nn.Module, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return copies of the outputs of a pass."""
        assert isinstance(module, NetModule)
        module.live.run()
        return module.result_tensors()


class NoSignals(Signals):
    """Leaves SIGINT to Python, so that Ctrl-C ends a script."""

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Change no handler."""
        yield

    def request(self) -> int:
        """Return NONE."""
        return NONE


class LiveTrainer(Trainer):
    """The training loop over a live net, whose gradients are the `diff` of its blobs."""

    def begin(self, net: Net, tests: list[Net]) -> None:
        """Set the nets, once the rest is set up."""
        self.net, self.test_nets = net, tests
        self.callbacks: list[tuple[Callback, Callback]] = []
        self.signals = NoSignals()
        self.state.resumes = False  # the live nets read their data
        self.forward = LiveForward(self.module, self.module, self.world.device, self.skipped)

    def check_finite(self) -> None:
        """Accept nan and inf, as Caffe does."""

    def snapshot(self) -> None:
        """Write a snapshot; raise CaffeToolsError if that fails."""
        checkpoint.save(self.state)

    def gradients(self) -> dict[str, Tensor]:
        """Run iter_size batches forward and backward; return the outputs of the last."""
        self.net.clear_param_diffs()
        for on_start, _ in self.callbacks:
            on_start()
        total, size = 0.0, self.settings.iter_size
        for _ in range(size):
            total += self.net.run()
            self.net.run_back()
        self.losses.add(torch.tensor(total / size))
        for _, on_gradients_ready in self.callbacks:
            on_gradients_ready()
        assert isinstance(self.module, NetModule)
        return self.module.result_tensors()

    def update(self, *, shows: bool) -> None:
        """Update the weights; as in Caffe, each `diff` is then what was subtracted."""
        assert isinstance(self.module, NetModule)
        diffs = self.module.gradients()
        pairs = [(tensor, diffs[id(tensor)]) for tensor in self.solver.blobs]
        for tensor, diff in pairs:
            tensor.grad = diff.view(tensor.shape)
        is_sgd = type(self.solver) is SGD  # its history is the update
        before = [] if is_sgd else [tensor.detach().clone() for tensor in self.solver.blobs]
        super().update(shows=shows)
        histories = self.solver.histories()
        with torch.no_grad():
            for index, (tensor, diff) in enumerate(pairs):
                change = histories[index] if is_sgd else before[index] - tensor
                diff.copy_(change.view(diff.shape))

    def test_all(self) -> bool:
        """Run each test net with the weights of the trained net."""
        for test in self.test_nets:
            test.share_with(self.net)
        return super().test_all()


class SolverParameter:
    """The settings of a solver by Caffe's names, of which `base_lr` can be set."""

    layer_wise_reduce = True

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def __getattr__(self, name: str) -> Any:
        return getattr(self._schedule.settings, name)

    @property
    def base_lr(self) -> float:
        """Learning rate before its policy."""
        return self._schedule.settings.base_lr

    @base_lr.setter
    def base_lr(self, rate: float) -> None:
        self._schedule.settings = replace(self._schedule.settings, base_lr=rate)


class Solver:
    """A solver prototxt, its nets and its state.

    Parameters
    ----------
    solver_file : str
        The prototxt; of its `type` the class decides.

    Raises
    ------
    RuntimeError
        For what Caffe refuses, with the location.
    """

    type: ClassVar[str] = ""

    def __init__(self, solver_file: str) -> None:
        if not isinstance(solver_file, str):
            raise TypeError(f"expected a file name, found {type(solver_file).__name__}")
        with failures(Location(solver_file)):
            file = read_solver(solver_file, infer=infer_live)
            settings = replace(file.settings, type=self.type or file.settings.type)
            settings.check()
            if settings.snapshot:
                snapshots.check_writable(settings)
            if settings.random_seed >= 0:
                torch.manual_seed(settings.random_seed)
            self.net = Net.of(file.train)
            self.test_nets = [Net.of(test) for test in file.tests]
            for name in ",".join(file.message.texts("weights")).split(","):
                for net in (self.net, *self.test_nets) if name.strip() else ():
                    net.copy_from(name.strip())
            self._trainer = _trainer(replace(file, settings=settings), self.net, self.test_nets)
        self.param = SolverParameter(self._trainer.schedule)

    @property
    def iter(self) -> int:
        """Number of updates so far."""
        return self._trainer.iteration

    @property
    def lr(self) -> float:
        """Learning rate of the next update."""
        trainer = self._trainer
        return trainer.schedule.rate(trainer.iteration, trainer.losses.smoothed.value)

    def add_callback(self, on_start: Callback, on_gradients_ready: Callback) -> None:
        """Call two functions in each iteration: before the pass, and before the update."""
        self._trainer.callbacks.append((on_start, on_gradients_ready))

    def step(self, iterations: int) -> None:
        """Train for some iterations, with the tests and snapshots that are due."""
        smoothed = self._trainer.losses.smoothed
        smoothed.losses.clear()
        smoothed.value, smoothed.count = 0.0, 0
        with failures():
            self._trainer.train_to(self.iter + operator.index(iterations))

    def solve(self, resume_file: str | None = None) -> None:
        """Train up to max_iter, perhaps from a .solverstate."""
        if resume_file is not None:
            self.restore(resume_file)
        with failures():
            self._trainer.solve()

    def apply_update(self) -> None:
        """Update the parameters with their `diff`."""
        with failures():
            self._trainer.update(shows=False)

    def snapshot(self) -> None:
        """Write a .caffemodel and a .solverstate."""
        with failures():
            self._trainer.snapshot()

    def restore(self, path: str) -> None:
        """Continue from a .solverstate and the .caffemodel that it names."""
        with failures(Location(path)):
            checkpoint.restore(self._trainer.state, snapshots.read(path))

    def share_weights(self, net: Net) -> None:
        """Let a net use the parameters of the trained one."""
        net.share_with(self.net)


def _trainer(file: SolverFile, net: Net, tests: list[Net]) -> LiveTrainer:
    project = project_with(file, lambda: net.module, [lambda: net.module for _ in tests])
    device, options = current_device(), RunOptions(workers=0)
    test_nets = tuple(
        TestNet(test.module, (), count, loss_weights(test.module))
        for test, count in zip(tests, file.test_iterations, strict=True)
    )
    nets: Any = (net.module, (), test_nets)
    trainer = LiveTrainer(project, options, World(device), log_writer(), nets)
    trainer.begin(net, tests)
    return trainer


class SGDSolver(Solver):
    """Stochastic gradient descent with momentum, whatever the prototxt's `type`."""

    type: ClassVar[str] = "SGD"


SOLVERS: dict[str, Any] = {
    "SGD": SGDSolver,
    **{
        kind: type(f"{kind}Solver", (SGDSolver,), {"type": kind, "__doc__": f"{kind}."})
        for kind in SOLVER_TYPES[1:]
    },
}
"""The classes by type: `SGDSolver` to `AdamSolver`."""


def get_solver(solver_file: str) -> Solver:
    """Return the solver of the type that the prototxt names."""
    with failures():
        message, _ = upgrade_solver(read_solver_message(solver_file, Notes()))
        kind: Any = SOLVERS.get(message.text("type"), Solver)  # Solver refuses other types
    made: Solver = kind(solver_file)
    return made
