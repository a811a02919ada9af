from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from caffetools.errors import CaffeToolsError
from caffetools.proto import schema
from caffetools.torch.training.settings import SolverSettings

FINE = SolverSettings(lr_policy="fixed", snapshot_prefix="net")


def test_defaults_are_the_schemas() -> None:
    known = schema.message("SolverParameter").fields
    others = {"lr_policy"}  # which a solver must give
    for field in fields(SolverSettings):
        if field.name in known and field.name not in others and not known[field.name].repeated:
            assert field.default == known[field.name].default, field.name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"type": "Sgd"}, "expected type SGD or Nesterov or AdaGrad"),
        ({"lr_policy": "cosine"}, "expected lr_policy fixed or step"),
        ({"regularization_type": "L3"}, "expected regularization_type L1 or L2, found 'L3'"),
        ({"snapshot_format": "PNG"}, "expected snapshot_format BINARYPROTO or HDF5, found 'PNG'"),
        ({"eval_type": "map"}, "expected eval_type classification or detection, found 'map'"),
        ({"ap_version": "12point"}, "expected ap_version 11point or MaxIntegral or Integral"),
        ({"average_loss": 0}, "expected average_loss of at least 1, found 0"),
        ({"iter_size": 0}, "expected iter_size of at least 1, found 0"),
        ({"max_iter": -1}, "expected max_iter of at least 0, found -1"),
        ({"lr_policy": "step"}, "expected stepsize of at least 1, found 0"),
        ({"lr_policy": "exp", "gamma": -0.5}, "expected gamma of at least 0, found -0.5"),
        ({"type": "AdaGrad", "momentum": 0.9}, "AdaGrad has no momentum, found 0.9"),
        ({"type": "RMSProp", "rms_decay": 1.0}, "expected rms_decay from 0 to 1, found 1"),
        (
            {"snapshot": 5, "snapshot_prefix": ""},
            "expected a snapshot_prefix for snapshot, found none",
        ),
    ],
)
def test_what_caffe_refuses(changes: dict[str, Any], message: str) -> None:
    FINE.check()
    with pytest.raises(CaffeToolsError) as caught:
        replace(FINE, **changes).check()
    assert caught.value.message.startswith(message)


def test_floats_are_caffes() -> None:
    """Of 24 bits: 0.999 is nearest to 16760439 / 2^24, whose distance to 1 is 0.00099998713."""
    given = SolverSettings(momentum2=0.999, gamma=0.5, max_iter=3, lr_policy="exp", stepvalue=(1,))
    found = given.in_single_precision()
    assert found.momentum2 == 16760439 / 2**24
    assert 1 - found.momentum2 == pytest.approx(0.00099998713, rel=1e-7)
    assert replace(found, momentum2=0.999, delta=1e-8, rms_decay=0.99) == given
