from __future__ import annotations

import sys
from importlib import import_module

import pytest

from caffetools.pycaffe import install

NAMES = """
AdaDeltaSolver AdaGradSolver AdamSolver Classifier Detector Layer NCCL Net NetSpec NesterovSolver
RMSPropSolver SGDSolver TEST TRAIN Timer __version__ classifier coord_map detector draw get_solver
has_nccl init_log io layer_type_list layers log net_spec params proto set_device set_mode_cpu
set_mode_gpu set_multiprocess set_random_seed set_solver_count set_solver_rank solver_count
solver_rank to_proto
"""


def test_install_gives_every_name_of_pycaffe() -> None:
    caffe = install()
    assert set(NAMES.split()) <= vars(caffe).keys()
    assert (vars(caffe)["TRAIN"], vars(caffe)["TEST"]) == (0, 1)
    assert install() is caffe is sys.modules["caffe"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("caffe.io", "Transformer"),
        ("caffe.draw", "draw_net"),
        ("caffe.coord_map", "crop"),
        ("caffe.net_spec", "NetSpec"),
        ("caffe.classifier", "Classifier"),
        ("caffe.detector", "Detector"),
        ("caffe.pycaffe", "Net"),
        ("caffe._caffe", "Layer"),
        ("caffe._caffe", "Solver"),
        ("caffe.io", "caffe_pb2"),
        ("caffe.proto.caffe_pb2", "NetParameter"),
    ],
)
def test_submodules(module: str, name: str) -> None:
    install()
    assert hasattr(import_module(module), name)


def test_another_caffe_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "caffe", sys)
    assert install() is not sys
