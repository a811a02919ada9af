"""LSTM and RNN: golden cases, PyTorch's own LSTM, and what passes from batch to batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from caffetools.torch.runtime.recurrent import LSTM, RNN, continuation_indicator, lstm_unit
from tests.torch.cases import check_case, check_runs_everywhere, gradients, read_case


@pytest.mark.parametrize(("name", "kind"), [("lstm", LSTM), ("rnn", RNN)])
def test_golden(caffe: Path, name: str, kind: type[nn.Module]) -> None:
    module: Any = kind(3, 4, 2)
    case = read_case(caffe, f"layers/{name}")
    check_case(case, lambda b: {"y": module(b["x"], b["cont"])}, {"l": module})
    still: Any = kind(3, 3, 2, 5)
    case = read_case(caffe, f"layers/{name}_static")
    check_case(case, lambda b: {"y": still(b["x"], b["cont"], b["st"])}, {"l": still})


def filled(module: Any) -> Any:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def test_equal_to_pytorch_with_gates_reordered() -> None:
    ours, theirs = filled(LSTM(3, 4, 2)), nn.LSTM(3, 4)
    weight_ih, weight_hh, bias_ih, bias_hh = theirs.parameters()
    order = torch.arange(16).reshape(4, 4)[[0, 1, 3, 2]].flatten()
    with torch.no_grad():
        weight_ih.copy_(ours.weight_input[order])
        weight_hh.copy_(ours.weight_hidden[order])
        bias_ih.copy_(ours.bias[order])
        bias_hh.zero_()
    x = torch.randn(5, 2, 3)
    torch.testing.assert_close(ours(x, torch.ones(5, 2)), theirs(x)[0])


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_one_long_sequence_or_two_batches(kind: Any) -> None:
    long, short = filled(kind(3, 4, 2)), filled(kind(3, 4, 2))
    x, cont = torch.randn(6, 2, 3), torch.ones(6, 2)
    whole = long(x, cont)
    parts = torch.cat([short(x[:2], cont[:2]), short(x[2:], cont[2:])])
    torch.testing.assert_close(parts, whole)
    # a sequence that begins does not see the batch before
    cont[0] = 0
    torch.testing.assert_close(short(x, cont), whole)
    # the state keeps no graph: each batch has its own backward
    assert gradients(short(x, cont), short.bias)[0].abs().max() > 0
    assert gradients(short(x, cont), short.bias)[0].abs().max() > 0
    assert "hidden" not in short.state_dict()


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_another_number_of_streams_begins_anew(kind: Any) -> None:
    module = filled(kind(3, 4, 2))
    x, cont = torch.randn(4, 1, 3), torch.ones(4, 1)
    first = module(x, cont)
    module(torch.randn(4, 2, 3), torch.ones(4, 2))
    kept = module.hidden.clone()
    torch.testing.assert_close(module(x, cont), first)
    assert torch.equal(module.hidden, kept)


def test_exposed_state() -> None:
    lstm, rnn = filled(LSTM(3, 4, 2)), filled(RNN(3, 4, 2))
    x, cont = torch.randn(4, 2, 3), torch.ones(4, 2)
    h, c = torch.randn(1, 2, 4, requires_grad=True), torch.randn(1, 2, 4)
    y, last_h, last_c = lstm.run(x, cont, h, c)
    assert torch.equal(last_h[0], y[-1])
    middle = lstm.run(x[:2], cont[:2], h, c)
    torch.testing.assert_close(middle[0], y[:2])
    torch.testing.assert_close(lstm.run(x[2:], cont[2:], *middle[1:])[2], last_c)
    assert gradients(y, h)[0].abs().max() == 0
    y, last_h = rnn.run(x, cont, h)
    assert y.shape == (4, 2, 4)
    assert not last_h.requires_grad


def test_a_unit_by_hand() -> None:
    # gates of 0: i = f = o = 1/2 and g = tanh(0) = 0, so c = 1/2 * 2 and h = 1/2 * tanh(1)
    cell, hidden = lstm_unit(torch.full((1, 1, 1), 2.0), torch.zeros(1, 1, 4), torch.ones(1, 1))
    assert cell.item() == 1
    assert hidden.item() == pytest.approx(0.5 * torch.tanh(torch.tensor(1.0)).item())
    cell, _ = lstm_unit(torch.full((1, 1, 1), 2.0), torch.zeros(1, 1, 4), torch.zeros(1, 1))
    assert cell.item() == 0


def test_features_of_several_axes_are_flattened() -> None:
    module = filled(LSTM(6, 4, 2, 3))
    x, cont, static = torch.randn(2, 2, 2, 3), torch.zeros(2, 2), torch.randn(2, 3, 1)
    y = module(x, cont, static)
    torch.testing.assert_close(module(x.flatten(2), cont, static.flatten(1)), y)


@pytest.mark.parametrize("kind", [LSTM, RNN])
def test_runs_everywhere(kind: Any) -> None:
    x, cont = torch.randn(3, 2, 4), torch.zeros(3, 2)
    check_runs_everywhere(filled(kind(4, 5, 2)), x, cont)


@pytest.mark.parametrize(
    ("kind", "names"),
    [(LSTM, ["weight_hidden"]), (RNN, ["weight_hidden", "weight_output", "bias_output"])],
)
def test_stale_weights_serve_the_later_steps_of_training(kind: Any, names: list[str]) -> None:
    """The first step has the parameters; the others are those of a module that is all stale."""
    module = filled(kind(3, 4, 2, stale=tuple((name, 0.25) for name in names)))
    whole, stale = filled(kind(3, 4, 2)), filled(kind(3, 4, 2))
    with torch.no_grad():
        for name in names:
            getattr(stale, name).fill_(0.25)
    x, cont = torch.randn(3, 2, 3), torch.ones(3, 2)
    first, *states = whole.run(x[:1], cont[:1], *(getattr(whole, s) for s in whole.states))
    later, *_ = stale.run(x[1:], cont[1:], *states)
    y = module(x, cont)
    torch.testing.assert_close(y, torch.cat([first, later]))
    # The first step's hidden state was 0: no gradient reaches the recurrent weight at all.
    (gradient,) = torch.autograd.grad(y.sum(), module.weight_hidden)
    assert gradient.eq(0).all()
    evaluated = filled(kind(3, 4, 2, stale=tuple((name, 0.25) for name in names)).eval())
    torch.testing.assert_close(evaluated(x, cont), filled(kind(3, 4, 2))(x, cont))


def test_continuation_indicator() -> None:
    assert continuation_indicator(3, 2).tolist() == [[0, 0], [1, 1], [1, 1]]
