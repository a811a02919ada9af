"""The two forms of a module: the same results, and state dicts that convert."""

from __future__ import annotations

import numpy as np
import pytest

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.model_code import model_code
from caffetools.torch.export.structure import in_flat_form, structured
from tests.torch.block_nets import NETS
from tests.torch.nets import FOLDING, PHASES

PASSED = (
    'layer { name: "data" type: "Input" top: "data" top: "label" '
    "input_param { shape { dim: 2 dim: 4 } shape { dim: 2 } } }"
    'layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" '
    "inner_product_param { num_output: 3 } }"
)


def test_an_input_that_is_only_passed_through_is_no_argument() -> None:
    flat = assemble(from_text(PASSED, phase="test"))
    made = structured(flat)
    assert [[each.blob for each in form.inputs] for form in (flat, made)] == [
        ["data", "label"],
        ["data"],
    ]
    assert [each.blob for each in made.outputs["TEST"]] == ["ip"]


def test_a_net_with_losses_keeps_its_phases() -> None:
    both = [from_text(PHASES, phase=phase) for phase in ("test", "train")]
    assert structured(assemble(*both)).phases == ("TEST", "TRAIN")


def test_a_net_to_train_keeps_caffes_sums() -> None:
    flat = assemble(from_text(FOLDING, phase="test"))
    assert structured(flat, trains=True).params == flat.params


@pytest.mark.parametrize("trains", [False, True])
def test_state_dicts_of_either_form_become_flat(*, trains: bool) -> None:
    flat = assemble(from_text(FOLDING, phase="test"))
    made = structured(flat, trains=trains)
    state = {
        param.key: np.full(param.stored, number, np.float32)
        for params in made.params.values()
        for number, param in enumerate(params, start=1)
    }
    found = in_flat_form(flat, {**state, "more": np.zeros(1, np.float32)})
    keys = {param.key for params in flat.params.values() for param in params}
    assert found.keys() == keys | {"more"}
    assert found["b.mean"].tolist() == [1] * 4
    assert found["b.scale_factor"].tolist() == [3 if trains else 1]


@pytest.mark.parametrize("phase", ["test", "train"])
@pytest.mark.parametrize("name", NETS)
def test_both_forms_compute_the_same(name: str, phase: str) -> None:
    pytest.importorskip("torch")
    from tests.torch.forms import compare

    net = from_text(NETS[name], phase=phase)
    assert compare(net) == ""
    assert compare(net, trains=True) == ""


BLOCKS = {
    "bottlenecks with projections": ("Bottleneck", "in_channels channels stride projection"),
    "bottlenecks without projections": ("Bottleneck", ""),
    "inceptions": ("Inception", "in_channels channels_1x1 channels_3x3 channels_pool_proj"),
    "heads of an SSD": ("Head", "in_channels min_size max_size"),
    "separable convolutions": ("Separable", "in_channels channels stride"),
    "dense layers": ("DenseLayer", "channels"),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_and_their_arguments(name: str) -> None:
    made = structured(assemble(from_text(NETS[name], phase="test")))
    found = [(each.name, " ".join(a.name for a in each.arguments)) for each in made.blocks]
    assert found == [BLOCKS[name]]


@pytest.mark.parametrize("name", ["a chain", "braces in names", "no layer"])
def test_what_has_no_blocks(name: str) -> None:
    assert structured(assemble(from_text(NETS[name], phase="test"))).blocks == ()


@pytest.mark.parametrize("name", NETS)
def test_the_text_is_shorter(name: str) -> None:
    flat = assemble(from_text(NETS[name], phase="test"))
    assert len(model_code(structured(flat))) <= len(model_code(flat))


def test_a_state_dict_for_inference_is_read_where_the_net_is_one_for_training() -> None:
    """As pack reads a deploy net, whose phase it does not know."""
    made = structured(assemble(from_text(FOLDING, phase="test")))
    params = [param for each in made.params.values() for param in each]
    state = {param.key: np.ones(param.stored, np.float32) for param in params}
    flat = assemble(*(from_text(FOLDING, phase=phase) for phase in ("train", "test")))
    keys = {param.key for params in flat.params.values() for param in params}
    assert in_flat_form(flat, state).keys() == keys
