"""Count a database's classes, and weigh them against each other for InfogainLoss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from caffetools.errors import CaffeToolsError, Location
from caffetools.formats.blob import Blob, binaryproto
from caffetools.formats.database import open_database
from caffetools.formats.datum import DatumFields


def class_counts(path: str, backend: str) -> NDArray[np.int64]:
    """Return the number of items of each label of a database of Datum, from 0.

    Raises CaffeToolsError, located, for a damaged record and a negative label.
    """
    records = open_database(path, backend)
    labels = []
    for index in range(len(records)):
        label = DatumFields(records.read(index), f"{path}: record {index}").label
        if label < 0:
            text = f"expected labels from 0, found {label} in record {index}"
            raise CaffeToolsError(text, Location(path))
        labels.append(label)
    return np.bincount(labels).astype(np.int64)


def balanced_weights(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the weight of each class, so that all together weigh the same; 0 without items.

    The mean weight of an item is 1, so that the loss keeps its size.
    """
    present = counts > 0
    weights = np.where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)), 0)
    return weights.astype(np.float32)


def infogain_matrix(weights: NDArray[np.float32]) -> bytes:
    """Return the content of a file for infogain_loss_param: the weights as a diagonal matrix.

    InfogainLoss is then the SoftmaxWithLoss whose items are multiplied by their class's weight.
    """
    size = len(weights)
    return binaryproto(Blob((1, 1, size, size), np.diag(weights)))
