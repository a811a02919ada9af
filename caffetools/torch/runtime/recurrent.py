"""Caffe's recurrent layers: time first, sequences begun by `cont`, state kept between batches."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lstm_unit(cell: Tensor, gates: Tensor, cont: Tensor) -> tuple[Tensor, Tensor]:
    """Take one step of an LSTM: return the new cell and the new hidden state.

    `cell` ... x H, `gates` ... x 4H in the order input, forget, output, candidate; `cont` ... is
    0 where a sequence begins: the old cell is forgotten (lstm_unit_layer.cpp).
    """
    i, f, o, g = gates.chunk(4, dim=-1)
    forget = cont.unsqueeze(-1) * torch.sigmoid(f)
    cell = forget * cell + torch.sigmoid(i) * torch.tanh(g)
    return cell, torch.sigmoid(o) * torch.tanh(cell)


def kept_state(state: Tensor, streams: int) -> Tensor:
    """Return the state that the last batch left, or zeros if that had another number of streams."""
    if state.size(1) == streams:
        return state.clone()
    return state.new_zeros(1, streams, state.size(2))


def keep_state(state: Tensor, last: Tensor) -> None:
    """Leave `last` for the next batch, if it has as many streams as the net was made for."""
    if state.shape == last.shape:
        state.copy_(last.detach())


class LSTM(nn.Module):
    """Caffe's LSTM: T x N x ... and `cont`, T x N, -> T x N x H.

    h and c of the last step are those that the next batch begins with, multiplied by `cont`; no
    gradient goes back to the batch before. `static_features` is the size of a further input that
    is the same at every step, N x .... `streams` is N (recurrent_layer.cpp, lstm_layer.cpp).
    """

    hidden: Tensor
    cell: Tensor

    def __init__(
        self, in_features: int, hidden_size: int, streams: int, static_features: int = 0
    ) -> None:
        super().__init__()
        self.weight_input = nn.Parameter(torch.zeros(4 * hidden_size, in_features))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        if static_features:
            self.weight_static = nn.Parameter(
                torch.zeros(4 * hidden_size, static_features)
            )
        self.weight_hidden = nn.Parameter(torch.zeros(4 * hidden_size, hidden_size))
        self.register_buffer(
            "hidden", torch.zeros(1, streams, hidden_size), persistent=False
        )
        self.register_buffer(
            "cell", torch.zeros(1, streams, hidden_size), persistent=False
        )

    def forward(self, x: Tensor, cont: Tensor, static: Tensor | None = None) -> Tensor:
        """Go on from the state that the last batch left."""
        hidden, cell = (
            kept_state(self.hidden, x.size(1)),
            kept_state(self.cell, x.size(1)),
        )
        y, hidden, cell = self.run(x, cont, hidden, cell, static)
        keep_state(self.hidden, hidden)
        keep_state(self.cell, cell)
        return y

    def run(
        self,
        x: Tensor,
        cont: Tensor,
        hidden: Tensor,
        cell: Tensor,
        static: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Begin with h and c, each 1 x N x H, and return the last ones too: `expose_hidden`.

        Caffe hands no gradient through either.
        """
        gates = F.linear(x.flatten(2), self.weight_input, self.bias)
        if static is not None:
            gates = gates + F.linear(static.flatten(1), self.weight_static)
        h, c = hidden.detach().squeeze(0), cell.detach().squeeze(0)
        steps = []
        for gate, going in zip(gates.unbind(), cont.unbind(), strict=True):
            recurrent = F.linear(going.unsqueeze(1) * h, self.weight_hidden)
            c, h = lstm_unit(c, gate + recurrent, going)
            steps.append(h)
        return torch.stack(steps), h.detach().unsqueeze(0), c.detach().unsqueeze(0)


class RNN(nn.Module):
    """Caffe's RNN: h' = tanh(W x + b + W' h), y = tanh(W'' h' + b''), otherwise as `LSTM`.

    T x N x ... and `cont`, T x N, -> T x N x H (rnn_layer.cpp).
    """

    hidden: Tensor

    def __init__(
        self, in_features: int, hidden_size: int, streams: int, static_features: int = 0
    ) -> None:
        super().__init__()
        self.weight_input = nn.Parameter(torch.zeros(hidden_size, in_features))
        self.bias = nn.Parameter(torch.zeros(hidden_size))
        if static_features:
            self.weight_static = nn.Parameter(torch.zeros(hidden_size, static_features))
        self.weight_hidden = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.weight_output = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.bias_output = nn.Parameter(torch.zeros(hidden_size))
        self.register_buffer(
            "hidden", torch.zeros(1, streams, hidden_size), persistent=False
        )

    def forward(self, x: Tensor, cont: Tensor, static: Tensor | None = None) -> Tensor:
        """Go on from the state that the last batch left."""
        y, hidden = self.run(x, cont, kept_state(self.hidden, x.size(1)), static)
        keep_state(self.hidden, hidden)
        return y

    def run(
        self, x: Tensor, cont: Tensor, hidden: Tensor, static: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Begin with h, 1 x N x H, and return the last one too: `expose_hidden`."""
        inputs = F.linear(x.flatten(2), self.weight_input, self.bias)
        if static is not None:
            inputs = inputs + F.linear(static.flatten(1), self.weight_static)
        h = hidden.detach().squeeze(0)
        steps = []
        for step, going in zip(inputs.unbind(), cont.unbind(), strict=True):
            h = torch.tanh(step + F.linear(going.unsqueeze(1) * h, self.weight_hidden))
            steps.append(h)
        y = torch.tanh(
            F.linear(torch.stack(steps), self.weight_output, self.bias_output)
        )
        return y, h.detach().unsqueeze(0)
