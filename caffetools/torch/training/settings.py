"""A solver's settings by Caffe's names, with Caffe's defaults (SolverParameter)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.proto.wire import single

SOLVER_TYPES = ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")
POLICIES = ("fixed", "step", "exp", "inv", "multistep", "poly", "sigmoid", "plateau")


@dataclass(frozen=True)
class SolverSettings:
    """What a solver is told. Fields of forks: `plateau_winsize`, `rampup_*`, `min_lr`."""

    type: str = "SGD"
    max_iter: int = 0

    base_lr: float = 0.0
    lr_policy: str = "fixed"
    gamma: float = 0.0
    power: float = 0.0
    stepsize: int = 0
    stepvalue: tuple[int, ...] = ()
    plateau_winsize: tuple[int, ...] = ()
    rampup_interval: int = 0
    rampup_lr: float = 0.0
    min_lr: float = 0.0

    momentum: float = 0.0
    momentum2: float = 0.999
    rms_decay: float = 0.99
    delta: float = 1e-8
    weight_decay: float = 0.0
    regularization_type: str = "L2"
    clip_gradients: float = -1.0
    iter_size: int = 1

    test_interval: int = 0
    test_initialization: bool = True
    test_compute_loss: bool = False
    display: int = 0
    average_loss: int = 1

    snapshot: int = 0
    snapshot_prefix: str = ""
    snapshot_after_train: bool = True
    snapshot_format: str = "BINARYPROTO"
    random_seed: int = -1

    def in_single_precision(self) -> SolverSettings:
        """The same with floats as Caffe holds them.

        1 - momentum2 then differs in its fifth digit, and powers of gamma in their third once there
        are hundreds of thousands of iterations.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        rounded: dict[str, Any] = {
            name: single(value) for name, value in given.items() if isinstance(value, float)
        }
        return replace(self, **rounded)

    def check(self) -> None:
        """Raise CaffeToolsError for what Caffe's solver refuses."""
        for name, value, known in (
            ("type", self.type, SOLVER_TYPES),
            ("lr_policy", self.lr_policy, POLICIES),
            ("regularization_type", self.regularization_type, ("L1", "L2")),
            ("snapshot_format", self.snapshot_format, ("BINARYPROTO", "HDF5")),
        ):
            if value not in known:
                raise CaffeToolsError(f"expected {name} {' or '.join(known)}, found {value!a}")
        least = {"average_loss": 1, "iter_size": 1, "max_iter": 0, "display": 0, "snapshot": 0}
        if self.lr_policy in ("step", "sigmoid"):
            least["stepsize"] = 1
        if self.lr_policy not in ("fixed", "poly"):
            least["gamma"] = 0
        for name, bound in least.items():
            value = getattr(self, name)
            if value < bound:
                raise CaffeToolsError(f"expected {name} of at least {bound}, found {value:g}")
        if self.type in ("AdaGrad", "RMSProp") and self.momentum:
            raise CaffeToolsError(f"{self.type} has no momentum, found {self.momentum:g}")
        if self.type == "RMSProp" and not 0 <= self.rms_decay < 1:
            raise CaffeToolsError(f"expected rms_decay from 0 to 1, found {self.rms_decay:g}")
        if self.snapshot and not self.snapshot_prefix:
            raise CaffeToolsError("snapshot is given, and no snapshot_prefix")
