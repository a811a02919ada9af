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

    def first_wrong(self, values: NDArray[np.generic]) -> float | None:
        """The first of the labels that is out of range, once C has cut it to a whole number."""
        if np.ndim(values) == 0 and -1 < float(values) < self.classes:
            return None  # the quick way for one label
        labels = np.trunc(np.asarray(values, np.float64))
        right = (labels >= 0) & (labels < self.classes)
        if self.ignored is not None:
            right |= labels == self.ignored
        return None if right.all() else float(np.asarray(values)[~right].flat[0])
