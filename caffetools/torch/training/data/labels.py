"""Which labels the layers can take that read a top of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LabelRange(NamedTuple):
    """Whole numbers from 0 to `classes` - 1, and perhaps one that is ignored."""

    classes: int
    ignored: int | None = None

    def first_wrong(self, values: NDArray[np.generic]) -> int | None:
        """The first of the labels that is out of range."""
        labels = np.asarray(values).astype(np.int64)
        wrong = (labels < 0) | (labels >= self.classes)
        if self.ignored is not None:
            wrong &= labels != self.ignored
        return int(labels[wrong].flat[0]) if wrong.any() else None
