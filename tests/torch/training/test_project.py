from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from caffetools.errors import CaffeToolsError
from caffetools.torch.training.data.hdf5_rows import Hdf5
from caffetools.torch.training.data.sources import ArraySource
from caffetools.torch.training.project import NetWithData
from tests.torch.training.cases import Small

TOPS = ("data", "label")


def test_fed() -> None:
    files = Hdf5(("more",), "train.txt", 4)
    net = NetWithData(Small, (ArraySource(TOPS, 4), files))
    data, labels = np.zeros((8, 2)), np.zeros(8)
    fed = net.fed({"data": data, "label": labels, "other": labels}).sources
    assert fed[1] is files
    assert isinstance(fed[0], ArraySource)
    assert fed[0].arrays[0] is data
    assert net.fed({}).sources == net.sources


def test_half_of_a_source_cannot_be_fed() -> None:
    net = NetWithData(Small, (ArraySource(TOPS, 4),))
    with pytest.raises(CaffeToolsError, match="expected an array for 'label', too"):
        net.fed({"data": np.zeros((8, 2))})


def test_what_the_log_shows() -> None:
    net = NetWithData(nn.Module, ())
    values = {"a": 1, "b": 2}
    assert net.visible(values) == values
    assert replace(net, shown={"b": "b_split_0", "c": "c"}).visible(values) == {"b_split_0": 2}
    assert replace(net, shown={}).visible(values) == {}
