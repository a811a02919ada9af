from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from caffetools.errors import CaffeToolsError
from caffetools.formats.blob import Blob
from caffetools.formats.solverstate import SolverState, read_solverstate, solverstate
from caffetools.proto.wire import WireError, bytes_field
from tests.protobuf_classes import protobuf_classes

BLOBS = arrays(np.float32, array_shapes(max_dims=5, max_side=3)).map(
    lambda array: Blob(array.shape, array)
)


def parsed(name: str, data: bytes) -> Any:
    """A message as google.protobuf reads it."""
    return protobuf_classes()[name].FromString(data)


def all_same(some: Sequence[Blob], others: Sequence[Blob]) -> bool:
    return len(some) == len(others) and all(map(same, some, others))


def same(one: Blob, other: Blob) -> bool:
    return (
        one.shape == other.shape
        and np.ravel(one.values).tobytes() == np.ravel(other.values).tobytes()
    )


@given(
    st.integers(0, 2**31 - 1),
    st.lists(BLOBS, max_size=3),
    st.none() | st.tuples(st.floats(width=32, allow_nan=False), st.integers(0, 2**31 - 1)),
)
def test_a_solverstate_is_read_back(
    iteration: int, history: list[Blob], plateau: tuple[float, int] | None
) -> None:
    data = b"".join(solverstate(SolverState(iteration, "net.caffemodel", history, 3, plateau)))
    found = read_solverstate(memoryview(data))
    assert (found.iteration, found.learned_net, found.current_step) == (
        iteration,
        "net.caffemodel",
        3,
    )
    assert found.plateau == plateau
    assert all_same(history, found.history)
    state = parsed("SolverState", data)
    assert (state.iter, state.current_step, len(state.history)) == (iteration, 3, len(history))


@pytest.mark.parametrize(
    ("blob", "text"),
    [
        (
            bytes_field(7, bytes_field(1, b"\3")) + bytes_field(5, b"\0" * 8),
            "blob 0 of the history has shape 3, which does not match 2 values",
        ),
        (bytes_field(7, bytes_field(1, b"\1")) + bytes_field(5, b"\0" * 5), "ends inside a number"),
    ],
)
def test_blobs_whose_numbers_do_not_fill_them(blob: bytes, text: str) -> None:
    with pytest.raises((CaffeToolsError, WireError)) as caught:
        read_solverstate(memoryview(bytes_field(3, blob)))
    assert text in str(caught.value)
