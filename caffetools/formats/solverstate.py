"""`.solverstate` files: the iteration and the history of a solver, read and written."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from caffetools.formats.blob import Blob, Piece, blob_field, read_blob
from caffetools.proto import wire
from caffetools.proto.wire import FIXED32, LENGTH, VARINT

_ITER, _LEARNED_NET, _HISTORY, _CURRENT_STEP = 1, 2, 3, 4
_MINIMUM_LOSS, _LAST_EVENT = 5, 6
"""The SSD fork's, for lr_policy "plateau"."""


@dataclass(frozen=True)
class SolverState:
    """The content of a .solverstate."""

    iteration: int
    learned_net: str | None
    """Path of the weights."""
    history: Sequence[Blob]
    """E.g. the momentum of each parameter."""
    current_step: int = 0
    plateau: tuple[float, int] | None = None
    """Minimum of the smoothed loss, and iteration of the last event (SSD fork)."""


def read_solverstate(buffer: memoryview) -> SolverState:
    """Read a SolverState.

    Raises WireError for bytes that are no message, CaffeToolsError for a blob whose values do not
    match its shape.
    """
    numbers = {_ITER: 0, _CURRENT_STEP: 0, _LAST_EVENT: 0}
    learned_net: str | None = None
    minimum_loss: float | None = None
    history: list[Blob] = []
    for found in wire.fields(buffer):
        if found.number == _LEARNED_NET and found.wire_type == LENGTH:
            learned_net = wire.text(buffer, found)
        elif found.number == _HISTORY and found.wire_type == LENGTH:
            what = f"blob {len(history)} of the history"
            history.append(read_blob(buffer, found.start, found.end, what))
        elif found.number == _MINIMUM_LOSS and found.wire_type == FIXED32:
            minimum_loss = wire.float32(buffer, found.start)
        elif found.number in numbers and found.wire_type == VARINT:
            numbers[found.number] = wire.signed(found.value, 32)
    plateau = None if minimum_loss is None else (minimum_loss, numbers[_LAST_EVENT])
    return SolverState(numbers[_ITER], learned_net, history, numbers[_CURRENT_STEP], plateau)


def solverstate(state: SolverState) -> list[Piece]:
    """Encode a SolverState."""
    pieces: list[Piece] = [wire.integer_field(_ITER, state.iteration)]
    if state.learned_net is not None:
        pieces.append(wire.string_field(_LEARNED_NET, state.learned_net))
    for blob in state.history:
        pieces += blob_field(_HISTORY, blob)
    pieces.append(wire.integer_field(_CURRENT_STEP, state.current_step))
    if state.plateau is not None:
        minimum_loss, last_event = state.plateau
        pieces.append(wire.tag(_MINIMUM_LOSS, FIXED32) + struct.pack("<f", minimum_loss))
        pieces.append(wire.integer_field(_LAST_EVENT, last_event))
    return pieces
