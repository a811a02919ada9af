from __future__ import annotations

from tests.layers.cases import check_explained, check_refused, layer_text, set_up

BOTTOMS = ((1, 21, 500, 500), (1, 21, 500, 500), (1, 3, 500, 500))


def meanfield(iterations: int) -> str:
    param = f"multi_stage_meanfield_param {{ num_iterations: {iterations}"
    theta = "theta_alpha: 160 theta_beta: 3 theta_gamma: 3 }"
    return layer_text("MultiStageMeanfield", f"{param} {theta}", "unary start data")


def test_shapes() -> None:
    case = set_up(meanfield(10), *BOTTOMS)
    assert case.tops == ((1, 21, 500, 500),)
    assert case.params == dict.fromkeys(("spatial", "bilateral", "compatibility"), (1, 1, 21, 21))
    assert case.macs == 0
    assert case.layer.layer is not None
    assert case.layer.layer.windows(BOTTOMS) is None
    assert check_explained(meanfield(10), *BOTTOMS)[0] == "spatial: 21 * 21 = 441"


def test_one_iteration_is_refused() -> None:
    check_refused(meanfield(1), BOTTOMS, 2, 31, "num_iterations of at least 2, found 1")
