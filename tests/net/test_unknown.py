"""The hint at the first blob without a shape."""

from __future__ import annotations

import pytest

from caffetools.net.loading import from_text
from caffetools.net.unknown import unknown_shape

DATA = (
    'layer { type: "Data" name: "d" top: "x" data_param { source: "none" batch_size: 2 } }'
    'layer { type: "ReLU" name: "r" bottom: "x" top: "y" }'
)
INPUT = 'layer { type: "Input" name: "d" top: "a b" } layer { type: "ReLU" bottom: "a b" top: "y" }'
ODD = (
    'layer { type: "Input" name: "d" top: "x" input_param { shape { dim: 2 } } }'
    'layer { type: "Odd" name: "o" bottom: "x" top: "z" }'
    'layer { type: "ReLU" name: "s" bottom: "z" top: "z" }'
    'layer { type: "ReLU" name: "r" bottom: "z" top: "y" }'
)
UNKNOWN = "layer 'o' has the unknown type 'Odd'"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (DATA, "pass --data-shape C,H,W or --input-shape x=N,C,H,W"),
        (INPUT, "pass --input-shape a b=D,D,…"),
        (
            ODD,
            f"{UNKNOWN}; pass --input-shape z=D,D,…, and --allow-missing to export",
        ),
        ('layer { type: "Odd" top: "x" } layer { type: "ReLU" bottom: "x" top: "y" }',
         "pass --input-shape x=D,D,…"),
    ],
)  # fmt: skip
def test_the_hint_is_that_of_the_first_unknown_blob(text: str, hint: str) -> None:
    inferred = from_text(text).inferred
    assert unknown_shape(inferred, inferred.layers[-1].node.bottoms[0]) == hint
