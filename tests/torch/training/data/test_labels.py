from __future__ import annotations

import numpy as np
import pytest

from caffetools.torch.training.data.labels import LabelRange


@pytest.mark.parametrize(
    ("ignored", "labels", "expected"),
    [
        (None, [0.0, 2.0], None),
        (None, [0.0, 3.0], 3),
        (None, [-1.0, 3.0], -1),
        (255, [255.0, 1.0], None),
        (255, [255.0, 7.0], 7),
        (-1, [-1.0, -2.0], -2),
        (None, 1.0, None),
        (None, [[0.0], [4.0]], 4),
    ],
)
def test_first_wrong(ignored: int | None, labels: object, expected: int | None) -> None:
    assert LabelRange(3, ignored).first_wrong(np.asarray(labels)) == expected
