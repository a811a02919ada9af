"""What holds for every data shape."""

from __future__ import annotations

from caffetools.net.certain import Certain
from caffetools.net.cost import cost
from tests.drawing.cases import conv, relu
from tests.nets import layer, net

DATA = layer("Data", "data", "", "data label", "data_param { batch_size: 8 }")
INNER = layer("InnerProduct", "f", "b", "f", "inner_product_param { num_output: 10 }")


def shapes(found: Certain) -> dict[str, object]:
    blobs = found.net.graph.blobs
    return {blob.origin: shape for blob, shape in zip(blobs, found.shapes, strict=True)}


def test_channels_and_parameters_follow_from_the_prototxt() -> None:
    made = net(DATA + conv("a", "data") + relu("a") + conv("b", "a") + INNER)
    assert shapes(made.certain) == {
        "data": (8, None, None, None),
        "label": (8,),
        "a": (8, 4, None, None),
        "b": (8, 4, None, None),
        "f": (8, 10),
    }
    # Bias of a and f, all of b; the weights of a and f depend on the image.
    params = {each.name: [blob.role for blob in each.params] for each in made.known_layers}
    assert params["a"] == params["f"] == ["bias"]
    assert cost(made.certain.net, partial=True).params == 4 + (4 * 4 * 3 * 3 + 4) + 10
    assert made.cost.params is None
    assert made.layers[1].params == ()


def test_slices_decide_the_channels() -> None:
    text = DATA + layer("Slice", "s", "data", "x y", "slice_param { slice_point: 1 }")
    share = 'param { name: "w" } convolution_param { num_output: 4 kernel_size: 3 }'
    made = net(text + conv("a", "x", share) + conv("b", "y", share))
    assert shapes(made.certain)["data"] == (8, 2, None, None)  # as a and b share their weights


def test_a_source_of_an_unknown_type() -> None:
    made = net(layer("Mystery", "data", "", "data") + conv("a", "data"))
    assert shapes(made.certain) == {"data": (None,) * 4, "a": (None, 4, None, None)}


def test_a_net_that_is_known_is_not_inferred_again() -> None:
    made = net(DATA + conv("a", "data"), data_shape=(3, 8, 8))
    assert made.certain == Certain(made.inferred, made.inferred.shapes)


def test_a_net_that_accepts_no_image() -> None:
    made = net(DATA + layer("Permute", "p", "data", "p", "permute_param { order: 5 }"))
    assert made.certain.shapes == made.inferred.shapes
