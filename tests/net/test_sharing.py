"""Who owns a blob, by which name and multipliers, and which sharing is refused."""

from __future__ import annotations

import pytest
from hypothesis import given

from caffetools.net.sharing import ParamBlob
from tests import nets, strategies
from tests.conftest import CheckError
from tests.nets import inner_product

DATA = nets.given("data", 2, 3)


def blobs(text: str) -> dict[str, ParamBlob]:
    """The blobs of a net as `layer.role`."""
    return {
        f"{layer.node.key}.{blob.role}": blob
        for layer in nets.inferred(text).layers
        for blob in layer.params
    }


def test_without_param_every_blob_learns_and_is_its_layers_own() -> None:
    found = blobs(DATA + inner_product("ip", "data", 4))
    assert found == {
        "ip.weight": (None, "weight", (4, 3), 1.0, 1.0, False, None, True),
        "ip.bias": (None, "bias", (4,), 1.0, 1.0, False, None, True),
    }
    assert [blob.elements for blob in found.values()] == [4 * 3, 4]
    assert all(blob.learnable for blob in found.values())


def test_params_are_given_in_the_order_of_the_blobs() -> None:
    fields = "param { lr_mult: 0 decay_mult: 0.5 }"
    found = blobs(DATA + inner_product("ip", "data", 4, fields))
    weight, bias = found["ip.weight"], found["ip.bias"]
    assert (weight.lr_mult, weight.decay_mult, weight.needs_backward) == (0.0, 0.5, False)
    assert (bias.lr_mult, bias.decay_mult, bias.needs_backward) == (1.0, 1.0, True)
    assert (weight.learnable, bias.learnable) == (False, True)


def test_a_name_is_owned_by_the_first_layer_that_has_it() -> None:
    shared = 'param { name: "w" }'
    found = blobs(
        DATA
        + inner_product("a", "data", 3, shared)
        + inner_product("b", "a", 3, shared)
        + inner_product("c", "b", 3, shared)
    )
    assert [found[f"{key}.weight"].owner for key in "abc"] == [None, "a", "a"]
    assert [found[f"{key}.bias"].owner for key in "abc"] == [None, None, None]
    assert {found[f"{key}.weight"].name for key in "abc"} == {"w"}


def test_an_empty_name_shares_nothing() -> None:
    unnamed = 'param { name: "" }'
    found = blobs(
        DATA + inner_product("a", "data", 3, unnamed) + inner_product("b", "a", 3, unnamed)
    )
    assert {blob.owner for blob in found.values()} == {None}
    assert {blob.name for blob in found.values()} == {None}


def test_a_layer_may_share_with_itself() -> None:
    text = nets.given("data", 2, 1) + inner_product("a", "data", 1, 'param { name: "w" }' * 2)
    permissive = text.replace('"w" }', '"w" share_mode: PERMISSIVE }')
    assert blobs(permissive)["a.bias"].owner == "a"


def test_the_owner_is_told_by_its_key() -> None:
    shared = 'param { name: "w" }'
    first = inner_product("same", "data", 3)
    second = inner_product("same", "same", 3, shared).replace('top: "same"', 'top: "x"')
    found = blobs(DATA + first + second + inner_product("c", "x", 3, shared))
    assert found["c.weight"].owner == "same#2"


@pytest.mark.parametrize(
    ("owner", "sharer", "expected"),
    [
        ("", "", (1, 1)),
        ("lr_mult: 2", "", (2, 1)),
        # Caffe's solver goes by what a sharer gives where the owner gives nothing.
        ("", "lr_mult: 0", (0, 1)),
        ("", "decay_mult: 0", (1, 0)),
        ("lr_mult: 2", "decay_mult: 3", (2, 3)),
        ("lr_mult: 2 decay_mult: 3", "lr_mult: 2 decay_mult: 3", (2, 3)),
        ("lr_mult: 0", "lr_mult: 0", (0, 1)),
    ],
)
def test_multipliers_belong_to_the_blob(
    owner: str, sharer: str, expected: tuple[float, float]
) -> None:
    found = blobs(
        DATA
        + inner_product("a", "data", 3, f'param {{ name: "w" {owner} }}')
        + inner_product("b", "a", 3, f'param {{ name: "w" {sharer} }}')
    )
    for key in "ab":
        blob = found[f"{key}.weight"]
        assert (blob.lr_mult, blob.decay_mult) == expected
        assert blob.learnable is (expected[0] != 0)


def test_backward_flags_go_by_what_each_layer_gives() -> None:
    """Net::Init reads the layer's own param, whatever the owner's says."""
    found = blobs(
        DATA
        + inner_product("a", "data", 3, 'param { name: "w" }')
        + inner_product("b", "a", 3, 'param { name: "w" lr_mult: 0 }')
    )
    assert found["a.weight"].needs_backward is True
    assert found["b.weight"].needs_backward is False


def test_statistics_never_learn() -> None:
    found = blobs(nets.given("data", 2, 3, 4, 4) + nets.layer("BatchNorm", "bn", "data", "bn"))
    assert [blob.statistic for blob in found.values()] == [True, True, True]
    assert not any(blob.learnable for blob in found.values())
    # BatchNorm's own setup gives the missing params lr_mult 0, after the net has read the flags.
    assert [blob.lr_mult for blob in found.values()] == [0.0, 0.0, 0.0]
    assert [blob.needs_backward for blob in found.values()] == [True, True, True]


NETS = {
    "too many params": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer {
  name: "ip" type: "InnerProduct" bottom: "data" top: "ip"
  param { lr_mult: 1 }
  param { lr_mult: 2 }
  inner_product_param { num_output: 4 bias_term: false }
}
""",
        (5, 3),
        "expected at most 1 param, one for each of the layer's blobs, found 2",
    ),
    "params of a layer without blobs": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer {
  name: "relu" type: "ReLU" bottom: "data" top: "relu"
  param { lr_mult: 1 }
}
""",
        (4, 3),
        "expected at most 0 param",
    ),
    "another shape": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" }
  inner_product_param { num_output: 4 }
}
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b"
  param { share_mode: STRICT
          name: "w" }
  inner_product_param { num_output: 3 }
}
""",
        (8, 11),
        "cannot share 'w' with layer 'a': expected shape 4 x 3, found 3 x 4",
    ),
    "another count": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" }
  inner_product_param { num_output: 4 }
}
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b"
  param { name: "w" share_mode: PERMISSIVE }
  inner_product_param { num_output: 4 }
}
""",
        (7, 11),
        "cannot share 'w' with layer 'a': expected shape 4 x 3, found 4 x 4",
    ),
    "another lr_mult": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" lr_mult: 1 }
  inner_product_param { num_output: 3 }
}
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b"
  param { name: "w" lr_mult: 2 }
  inner_product_param { num_output: 3 }
}
""",
        (7, 21),
        "expected lr_mult 1 as elsewhere for the shared blob 'w', found 2",
    ),
    "the third against what the second gives": (
        """\
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "a" type: "InnerProduct" bottom: "data" top: "a"
  param { name: "w" }
  inner_product_param { num_output: 3 }
}
layer { name: "b" type: "InnerProduct" bottom: "a" top: "b"
  param { name: "w" decay_mult: 0.25 }
  inner_product_param { num_output: 3 }
}
layer { name: "c" type: "InnerProduct" bottom: "b" top: "c"
  param { name: "w" decay_mult: 1 }
  inner_product_param { num_output: 3 }
}
""",
        (11, 21),
        "expected decay_mult 0.25 as elsewhere for the shared blob 'w', found 1",
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_refused(check_error: CheckError, name: str) -> None:
    text, (line, column), fragment = NETS[name]
    check_error(text, line, column, fragment)


def test_permissive_sharing_asks_for_the_count_alone() -> None:
    found = blobs(
        nets.given("data", 2, 6)
        + inner_product("a", "data", 4, 'param { name: "w" }')
        + nets.given("other", 2, 8)
        + inner_product("b", "other", 3, 'param { name: "w" share_mode: PERMISSIVE }')
    )
    assert found["a.weight"].shape == (4, 6)
    assert found["b.weight"].shape == (3, 8)
    assert found["b.weight"].owner == "a"


def test_the_mode_is_the_sharers() -> None:
    text = (
        nets.given("data", 2, 6)
        + inner_product("a", "data", 4, 'param { name: "w" share_mode: PERMISSIVE }')
        + nets.given("other", 2, 8)
        + inner_product("b", "other", 3, 'param { name: "w" }')
    )
    with pytest.raises(Exception, match="expected shape 4 x 6, found 3 x 8"):
        blobs(text)


@given(strategies.nets())
def test_an_owner_stands_above_and_owns_the_blob_itself(text: str) -> None:
    owned: dict[tuple[str, str | None], ParamBlob] = {}
    for layer in nets.inferred(text).layers:
        for blob in layer.params:
            if blob.owner is None:
                owned[layer.node.key, blob.name] = blob
            else:
                assert blob.name is not None
                owner = owned[blob.owner, blob.name]
                assert (owner.elements, owner.lr_mult) == (blob.elements, blob.lr_mult)
