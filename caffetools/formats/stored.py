"""What a file of numbers holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """One blob: its shape as it is stored, and its numbers in a row, of the type they have there.

    An old file has four extents for every blob: num, channels, height and width.
    """

    shape: Shape
    values: NDArray[Any]
    """A view of the file wherever the file has them in one piece."""

    def fits(self, shape: Shape) -> bool:
        """Does Caffe take this for a blob of `shape`? Extents of 1 do not count (blob.cpp)."""
        return significant(self.shape) == significant(shape)

    def as_float32(self, shape: Shape | None = None) -> NDArray[np.float32]:
        """The numbers as Caffe has them, in `shape` or their own; a view where they are float32."""
        import numpy as np

        values = self.values.astype(np.dtype("<f4"), copy=False)
        return values.reshape(self.shape if shape is None else shape)


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """The blobs of one layer, in Caffe's order."""

    name: str
    type: str
    """Today's name of the type; empty where the file does not say."""
    blobs: tuple[StoredBlob, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """All that a file holds; `kind` is "caffemodel", "binaryproto" or "solverstate".

    A .binaryproto is one layer without a name; so is the history of a .solverstate.
    """

    path: str
    kind: str
    name: str
    """Of the net; empty where the file does not say."""
    layers: tuple[StoredLayer, ...]
    iteration: int | None = None
    current_step: int | None = None
    learned_net: str | None = None


def significant(shape: Shape) -> Shape:
    """The extents that are not 1."""
    return tuple(extent for extent in shape if extent != 1)
