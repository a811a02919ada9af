"""Recurrent layers: time-major, with sequence starts marked by `cont` and persistent state.

Sources: recurrent_layer.cpp, lstm_layer.cpp, lstm_unit_layer.cpp, rnn_layer.cpp.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from caffetools.torch.runtime.base import SizedModule


def lstm_unit(cell: Tensor, gates: Tensor, cont: Tensor) -> tuple[Tensor, Tensor]:
    """Compute one LSTM step and return the new cell and hidden state, `(..., H)`.

    `cell` is `(..., H)`, `gates` `(..., 4 * H)` in the order input, forget, output, candidate.
    `cont` `(...)` is 0 at the start of a sequence, where the old cell is forgotten.
    """
    i, f, o, g = gates.chunk(4, dim=-1)
    forget = cont.unsqueeze(-1) * torch.sigmoid(f)
    cell = forget * cell + torch.sigmoid(i) * torch.tanh(g)
    return cell, torch.sigmoid(o) * torch.tanh(cell)


def kept_state(state: Tensor, streams: int) -> Tensor:
    """Return the state after the last batch, or zeros if the number of streams differs."""
    if state.size(1) == streams:
        return state.clone()
    return state.new_zeros(1, streams, state.size(2))


def keep_state(state: Tensor, last: Tensor) -> None:
    """Store the state for the next batch, unless the number of streams differs."""
    if state.shape == last.shape:
        state.copy_(last.detach())


class Recurrent(SizedModule):
    """Common part of `LSTM` and `RNN`: weights of `gates * H` rows, and the buffers `states`.

    Input: `(T, N, ...)` and `cont` `(T, N)`; output: `(T, N, H)`. `streams` is N. The state after
    the last step, multiplied by `cont`, is the initial state of the next batch, without gradient.
    `static_features` is the size of an additional input `(N, ...)`, constant over time.

    `stale` has the elements of recurrent weights from the second step on, in training. In Caffe
    only the first step uses weights that another layer owns; the others keep what the filler wrote
    (net.cpp, ShareWeights, which a recurrent layer repeats for its steps in the test phase alone).
    """

    gates = 1
    states: tuple[str, ...] = ("hidden",)
    hidden: Tensor

    def __init__(
        self,
        in_features: int,
        hidden_size: int,
        streams: int,
        static_features: int = 0,
        stale: tuple[tuple[str, float], ...] = (),
    ) -> None:
        super().__init__()
        self.stale = dict(stale)
        rows = self.gates * hidden_size
        self.weight_input = nn.Parameter(torch.zeros(rows, in_features))
        self.bias = nn.Parameter(torch.zeros(rows))
        if static_features:
            self.weight_static = nn.Parameter(torch.zeros(rows, static_features))
        self.weight_hidden = nn.Parameter(torch.zeros(rows, hidden_size))
        for name in self.states:
            state = torch.zeros(1, streams, hidden_size)
            self.register_buffer(name, state, persistent=False)

    def weights(self, name: str, steps: int) -> list[Tensor]:
        """Return the parameter `name` as each step uses it."""
        weight = getattr(self, name)
        later = weight
        if self.training and name in self.stale:
            later = torch.full_like(weight, self.stale[name])
        return [weight] + [later] * (steps - 1)

    def project(self, x: Tensor, static: Tensor | None) -> Tensor:
        """Return the part of the gates that depends only on the inputs, `(T, N, gates * H)`."""
        inputs = F.linear(x.flatten(2), self.weight_input, self.bias)
        if static is None:
            return inputs
        return inputs + F.linear(static.flatten(1), self.weight_static)


class LSTM(Recurrent):
    """LSTM without peepholes; see `Recurrent` for the shapes (lstm_layer.cpp)."""

    gates = 4
    states = ("hidden", "cell")
    cell: Tensor

    def forward(self, x: Tensor, cont: Tensor, static: Tensor | None = None) -> Tensor:
        """Continue from the state after the last batch."""
        hidden, cell = (kept_state(s, x.size(1)) for s in (self.hidden, self.cell))
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
        """Start from states `(1, N, H)` and return the last ones, too: `expose_hidden`.

        Caffe passes no gradient through either.
        """
        h, c = hidden.detach().squeeze(0), cell.detach().squeeze(0)
        steps = []
        for gate, going, weight in zip(
            self.project(x, static).unbind(),
            cont.unbind(),
            self.weights("weight_hidden", len(x)),
            strict=True,
        ):
            recurrent = F.linear(going.unsqueeze(1) * h, weight)
            c, h = lstm_unit(c, gate + recurrent, going)
            steps.append(h)
        return torch.stack(steps), h.detach().unsqueeze(0), c.detach().unsqueeze(0)


class RNN(Recurrent):
    """h' = tanh(W x + b + W' h), y = tanh(W'' h' + b''); see `Recurrent` (rnn_layer.cpp)."""

    def __init__(
        self,
        in_features: int,
        hidden_size: int,
        streams: int,
        static_features: int = 0,
        stale: tuple[tuple[str, float], ...] = (),
    ) -> None:
        super().__init__(in_features, hidden_size, streams, static_features, stale)
        self.weight_output = nn.Parameter(torch.zeros(hidden_size, hidden_size))
        self.bias_output = nn.Parameter(torch.zeros(hidden_size))

    def forward(self, x: Tensor, cont: Tensor, static: Tensor | None = None) -> Tensor:
        """Continue from the state after the last batch."""
        y, hidden = self.run(x, cont, kept_state(self.hidden, x.size(1)), static)
        keep_state(self.hidden, hidden)
        return y

    def run(
        self, x: Tensor, cont: Tensor, hidden: Tensor, static: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Start from a state `(1, N, H)` and return the last one, too: `expose_hidden`."""
        h = hidden.detach().squeeze(0)
        steps = []
        for step, going, weight, out, bias in zip(
            self.project(x, static).unbind(),
            cont.unbind(),
            *(
                self.weights(name, len(x))
                for name in ("weight_hidden", "weight_output", "bias_output")
            ),
            strict=True,
        ):
            h = torch.tanh(step + F.linear(going.unsqueeze(1) * h, weight))
            steps.append(F.linear(h, out, bias))
        return torch.tanh(torch.stack(steps)), h.detach().unsqueeze(0)


def continuation_indicator(time_step: int, batch_size: int) -> Tensor:
    """Return 0 in the first row, where sequences start, and 1 in the others."""
    rows = (torch.arange(time_step) > 0).float()
    return rows.unsqueeze(1).repeat(1, batch_size)
