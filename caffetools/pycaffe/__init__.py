"""`import caffe` without Caffe.

`caffetools run SCRIPT.py`, `python -m caffetools.pycaffe SCRIPT.py` and, in a notebook, `install()`
make a module `caffe` that behaves as pycaffe does. Nets run layer by layer with the modules that
`caffetools export` writes, solvers with the loop of `caffetools train`.

`caffe.Net`: `net_front` over `live_net`; its layers: `layer_unit`, `live_sources`, `user_layer`;
its blobs: `live_blob`. Solvers: `live_solver`. Modes and the log: `modes`. Exceptions: `faults`.
The modules `caffe.io` (with `float_resize`), `caffe.net_spec`, `caffe.coord_map`, `caffe.draw`,
`caffe.classifier`, `caffe.detector` and `caffe.proto.caffe_pb2` have their own names.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

_NAMES = {
    "net_front": "Net",
    "live_blob": "Blob BlobVec",
    "layer_unit": "Layer",
    "live_solver": "Solver get_solver",
    "modes": (
        "NCCL Timer has_nccl init_log layer_type_list log set_device set_mode_cpu set_mode_gpu "
        "set_multiprocess set_random_seed set_solver_count set_solver_rank solver_count solver_rank"
    ),
    "caffe_pb2": "TEST TRAIN",
    "classifier": "Classifier",
    "detector": "Detector",
    "net_spec": "NetSpec layers params to_proto",
}
"""The names of `caffe`, by the module that has them."""

_MODULES = ("classifier", "coord_map", "detector", "draw", "io", "net_spec")
"""The submodules of `caffe`."""


def install() -> ModuleType:
    """Put the module `caffe` and its submodules into `sys.modules`, and return it.

    Returns
    -------
    module
        The module `caffe`, for every `import caffe` that follows.

    Examples
    --------
    >>> from caffetools.pycaffe import install
    >>> caffe = install()
    >>> net = caffe.Net("examples/lenet/deploy.prototxt", caffe.TEST)
    >>> net.forward()["prob"].shape
    (64, 10)
    """
    present = sys.modules.get("caffe")
    if getattr(present, "__doc__", None) == __doc__ and present is not None:
        return present
    caffe = ModuleType("caffe", __doc__)
    caffe.__version__ = "1.0.0"  # type: ignore[attr-defined]
    found: dict[str, ModuleType] = {"caffe": caffe, "caffe.proto": ModuleType("caffe.proto")}
    for name in ("caffe", "caffe.proto"):
        found[name].__path__ = []
    for module, names in _NAMES.items():
        home = import_module(f"{__name__}.{module}")
        vars(caffe).update({name: getattr(home, name) for name in names.split()})
    solvers = import_module(f"{__name__}.live_solver").SOLVERS
    vars(caffe).update({f"{kind}Solver": each for kind, each in solvers.items()})
    for name in _MODULES:
        found[f"caffe.{name}"] = import_module(f"{__name__}.{name}")
    found["caffe.proto.caffe_pb2"] = import_module(f"{__name__}.caffe_pb2")
    for name in ("pycaffe", "_caffe"):
        found[f"caffe.{name}"] = alias = ModuleType(f"caffe.{name}")
        vars(alias).update({key: value for key, value in vars(caffe).items() if key[0] != "_"})
    for name, each in found.items():
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(found[parent], own, each)
    sys.modules.update(found)
    return caffe
