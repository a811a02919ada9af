from __future__ import annotations

from tests.layers.cases import check_refused, layer_text, set_up


def test_euclidean_loss_layer() -> None:
    text = layer_text(
        "Python", 'python_param { module: "pyloss" layer: "EuclideanLossLayer" }', "a b"
    )
    case = set_up(text, (4, 6), (24,))
    assert (case.tops, case.macs, case.layer.loss_weights) == (((1,),), 0, (0.0,))
    check_refused(
        text, ((4, 6), (4, 5)), 1, 1, "the same number of elements, found 4 x 6 and 4 x 5"
    )
    check_refused(text.replace('bottom: "b"', ""), ((4, 6),), 1, 34, "expects 2 bottoms, found 1")


def multilabel(param_str: str) -> str:
    return layer_text(
        "Python",
        'python_param { module: "pascal_multilabel_datalayers" '
        f'layer: "PascalMultilabelDataLayerSync" param_str: "{param_str}" }}',
        "",
        "data label",
    )


def test_multilabel_data_layer() -> None:
    text = multilabel("{'batch_size': 128, 'im_shape': [227, 200], 'split': 'train'}")
    assert set_up(text).tops == ((128, 3, 227, 200), (128, 20))
    assert set_up(text, batch_size=4).tops == ((4, 3, 227, 200), (4, 20))
    check_refused(multilabel("{'batch_size': 128}"), (), 2, 94, "2 integers as im_shape")
    check_refused(multilabel("{'im_shape': [1, 2]}"), (), 2, 94, "an integer as batch_size")
