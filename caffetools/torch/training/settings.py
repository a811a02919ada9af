"""Settings of a solver by Caffe's names, with Caffe's defaults (SolverParameter)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from caffetools.errors import CaffeToolsError
from caffetools.proto.wire import single

SOLVER_TYPES = ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")
POLICIES = ("fixed", "step", "exp", "inv", "multistep", "poly", "sigmoid", "plateau")
REGULARIZATIONS = ("L1", "L2")
FORMATS = ("BINARYPROTO", "HDF5")
EVALUATIONS = ("classification", "detection")
AP_VERSIONS = ("11point", "MaxIntegral", "Integral")


@dataclass(frozen=True)
class SolverSettings:
    """Fields of Caffe's SolverParameter (caffe.proto) and of forks, with their defaults.

    Iterations are counted from 0; an interval of 0 means never.

    type: one of SOLVER_TYPES.
    max_iter: iterations to train.
    base_lr, lr_policy, gamma, power: learning rate and its policy (sgd_solver.cpp,
        GetLearningRate; see `rates.Schedule`).
    stepsize: iterations between steps, of `step`; the midpoint, of `sigmoid`.
    stepvalue: iterations of the steps, of `multistep`.
    plateau_winsize: iterations without a new minimum before each step, of `plateau` (SSD).
    rampup_interval: iterations of a ramp from rampup_lr to base_lr (NVCaffe).
    min_lr: lower bound of the rate; 0 for none (NVCaffe).
    momentum: of SGD and Nesterov; decay of the running means, of AdaDelta and Adam (beta1).
    momentum2: Adam's beta2. rms_decay: decay of RMSProp's mean.
    delta: added to the divisors of AdaGrad, RMSProp, AdaDelta and Adam.
    weight_decay, regularization_type: penalty of the weights, L1 or L2.
    clip_gradients: largest L2 norm of all gradients; negative for none.
    iter_size: batches in an iteration, whose gradients are averaged.
    test_interval, display, snapshot: iterations between tests, log lines and snapshots.
    test_initialization: test before the first iteration. test_compute_loss: log the test's loss.
    eval_type, ap_version, show_per_class_result: log the mean average precision of detections, in
        which way, and that of each class, too (SSD).
    average_loss: number of losses whose mean is logged.
    snapshot_prefix: path of snapshots, before `_iter_N`. snapshot_after_train: write a last one.
    random_seed: negative for a random one.
    """

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
    eval_type: str = "classification"
    ap_version: str = "Integral"
    show_per_class_result: bool = False
    display: int = 0
    average_loss: int = 1

    snapshot: int = 0
    snapshot_prefix: str = ""
    snapshot_after_train: bool = True
    snapshot_format: str = "BINARYPROTO"
    random_seed: int = -1

    def in_single_precision(self) -> SolverSettings:
        """Return the settings with each float rounded to single precision, as in Caffe.

        This changes 1 - momentum2 in its fifth digit, and powers of gamma in their third after
        hundreds of thousands of iterations.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        rounded: dict[str, Any] = {
            name: single(value) for name, value in given.items() if isinstance(value, float)
        }
        return replace(self, **rounded)

    def check(self) -> None:
        """Raise CaffeToolsError for what Caffe's solver refuses."""
        for name, known in (
            ("type", SOLVER_TYPES),
            ("lr_policy", POLICIES),
            ("regularization_type", REGULARIZATIONS),
            ("snapshot_format", FORMATS),
            ("eval_type", EVALUATIONS),
            ("ap_version", AP_VERSIONS),
        ):
            value = getattr(self, name)
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
            raise CaffeToolsError("expected a snapshot_prefix for snapshot, found none")
