"""Helpers with what a model uses of them, and no more."""

from __future__ import annotations

import pytest

from caffetools.torch.emit.base import X, call
from caffetools.torch.export.helpers import helpers
from caffetools.torch.export.trimmed import trimmed


def test_options_that_no_call_gives_are_left_out() -> None:
    found, left_out = trimmed(
        ["top_k_accuracy"], {"top_k_accuracy": [call("top_k_accuracy", X, X)]}
    )
    assert [each.name for each in found] == ["by_class", "is_among_best", "top_k_accuracy"]
    assert left_out["top_k_accuracy"] == {"top_k", "axis", "ignore_label"}
    assert found[1].source.splitlines()[-4:] == [
        "    scores, labels = by_class(x, label)",
        "    kept = torch.ones_like(labels, dtype=torch.bool)",
        "    own = scores.gather(1, labels.unsqueeze(1))",
        "    return labels, kept, ((scores >= own).sum(1) <= 1) & kept",
    ]


def test_a_number_stays_an_argument_and_a_choice_does_not() -> None:
    value = call("softmax_with_loss", X, X, ignore_label=3, normalization="BATCH_SIZE")
    found, left_out = trimmed(["softmax_with_loss"], {"softmax_with_loss": [value]})
    assert left_out["softmax_with_loss"] == {"axis", "normalization"}
    source = next(each.source for each in found if each.name == "loss_divisor")
    assert source.splitlines()[-1] == "    return max(1, positions.size(0))"


def test_calls_that_differ_keep_the_option() -> None:
    values = [call("top_k_accuracy", X, X), call("top_k_accuracy", X, X, top_k=5)]
    _, left_out = trimmed(["top_k_accuracy"], {"top_k_accuracy": values})
    assert "top_k" not in left_out["top_k_accuracy"]


def test_what_is_not_called_is_whole() -> None:
    found, _ = trimmed(["norm_keys"], {})
    assert found[0].source == helpers()["norm_keys"].source


@pytest.mark.parametrize("name", helpers())
def test_each_helper_without_options_is_python(name: str) -> None:
    found, _ = trimmed([name], {name: [call(name, *range(9))]})
    compile("\n\n\n".join(each.source for each in found), name, "exec", dont_inherit=True)
    assert found[-1].name == name


def test_any_number_of_arguments_stays() -> None:
    value = call("yolov3_detection_output", X, X, num_classes=2, biases=((1.0, 2.0),))
    found, left_out = trimmed(["yolov3_detection_output"], {"yolov3_detection_output": [value]})
    assert left_out["yolov3_detection_output"] >= {"gaussian_box"}
    assert "*maps: Tensor, num_classes: int" in found[-1].source


def test_operators_lose_defaults_alone() -> None:
    """ONNX's translation is called in their place, with what they are called with."""
    _, left_out = trimmed(["Proposal"], {"Proposal": [call("Proposal", X, 16)]})
    assert left_out["suppress_overlaps"] == {"eta"}
