"""Recurrent layers and their helpers: Caffe unrolls them over time."""

from __future__ import annotations

from typing import ClassVar

from caffetools.errors import GraphError, ShapeError
from caffetools.layers.base import Facts, Layer, Param, Spec
from caffetools.layers.blobs import Shape, Step, between, check_shape, count, dims, exactly, product
from caffetools.layers.checks import check_axes, four_axes, mismatch, read_integer
from caffetools.layers.fillers import check_filler


class Recurrent(Layer):
    """(T, N, K…), (T, N) -> (T, N, num_output) for T steps of N streams (recurrent_layer.cpp).

    The second bottom is 0 where a sequence starts. A third, (N, S…), is a static input, constant
    over time. With expose_hidden the initial states, each (1, N, num_output), are further bottoms,
    and the final states are further tops.

    Multiply-accumulates are those of the inner products in the unrolled net, without the products
    of gates and cells.
    """

    force_backward = (True, False)
    ignores_propagate_down = True
    is_global = True
    states: ClassVar[int]
    """Number of states."""
    gates: ClassVar[int]
    """Outputs of an inner product per num_output."""
    input_blobs: ClassVar[tuple[str, str, str]]
    """Names of the weight and bias of the input, and of the weight of the static input."""
    each_step: ClassVar[tuple[str, ...]]
    """Names of the blobs that every step of the unrolled net has, the first as their owner."""

    def __init__(self, spec: Spec) -> None:
        self.param = spec.param("recurrent_param")
        self.num_output = read_integer(self.param, "num_output")
        self.exposed = self.states if self.param.flag("expose_hidden") else 0
        self.static = len(spec.bottoms) > 2 + self.exposed
        least = 2 + self.exposed
        bottoms, tops = between(least, least + 1), exactly(1 + self.exposed)
        for what, takes, found in (("bottom", bottoms, spec.bottoms), ("top", tops, spec.tops)):
            wrong = takes.mismatch(what, len(found))
            if wrong:
                how = "with" if self.exposed else "without"
                text = f"{self.type} {how} expose_hidden {wrong}"
                raise spec.message.error(text, what, kind=GraphError)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.check(bottoms)
        steps, streams = bottoms[0][:2]
        state = (1, streams, self.num_output)
        params = self.params(bottoms)
        notes: tuple[str, ...] = ()
        for param in params:
            kind = "bias" if len(param.shape) == 1 else "weight"
            notes += check_filler(self.param.message(f"{kind}_filler"), param)
        top = (steps, streams, self.num_output)
        macs = sum(count(factors) for factors in self.products(bottoms))
        return Facts((top, *(state,) * self.exposed), params, macs, notes)

    def check(self, bottoms: tuple[Shape, ...]) -> None:
        """Raise ShapeError for bottoms whose shapes do not match, as the unrolled net would."""
        check_axes(bottoms[0], 3)
        steps, streams = bottoms[0][:2]
        if steps == 0 or streams == 0:
            raise mismatch("at least 1 time step and 1 stream", bottoms[0])
        if bottoms[1] != (steps, streams):
            text = f"a second bottom of {dims((steps, streams))}, time steps and streams"
            raise mismatch(text, bottoms[1])
        if self.static and (len(bottoms[2]) < 2 or bottoms[2][0] != streams):
            raise mismatch(f"a static input of {streams} streams and at least 2 axes", bottoms[2])
        state = (1, streams, self.num_output)
        for bottom in bottoms[2 + self.static :]:
            if bottom != state:
                raise mismatch(f"a state of {dims(state)}", bottom)
        gates = (steps, streams, self.gates * self.num_output)
        check_shape(gates, "the product of input and weight")

    def params(self, bottoms: tuple[Shape, ...]) -> tuple[Param, ...]:
        """Return the parameters, in the order of the unrolled net."""
        outputs = self.gates * self.num_output
        weight, bias, static_weight = self.input_blobs
        params = [Param(weight, (outputs, count(bottoms[0][2:]))), Param(bias, (outputs,))]
        if self.static:
            params.append(Param(static_weight, (outputs, count(bottoms[2][1:]))))
        return (*params, *self.state_params())

    def state_params(self) -> tuple[Param, ...]:
        """Return the parameters that apply at each time step."""
        raise NotImplementedError

    def products(self, bottoms: tuple[Shape, ...]) -> list[Shape]:
        """Return for each weight its number of applications and its extents."""
        steps, streams = bottoms[0][:2]
        times = {self.input_blobs[2]: (streams,)}
        weights = [param for param in self.params(bottoms) if len(param.shape) > 1]
        return [(*times.get(param.role, (steps, streams)), *param.shape) for param in weights]

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        products = self.products(bottoms)
        formula = " + ".join(" * ".join(map(str, factors)) for factors in products)
        return [
            product("inputs", bottoms[0][2:]),
            *super().explain(bottoms),
            Step("multiply-accumulates", formula, sum(map(count, products))),
        ]


class RNN(Recurrent):
    """h = tanh(W_hh h + W_xh x + b_h), top = tanh(W_ho h + b_o) (rnn_layer.cpp).

    Blobs: W_xh (D, K), b_h (D), with a static input W_xh_static (D, S), W_hh (D, D), W_ho (D, D),
    b_o (D), where D is num_output.
    """

    type = "RNN"
    bottoms = between(2, 4)
    tops = between(1, 2)
    states = 1
    gates = 1
    input_blobs = ("W_xh", "b_h", "W_xh_static")
    each_step = ("W_hh", "W_ho", "b_o")

    def state_params(self) -> tuple[Param, ...]:
        square = (self.num_output, self.num_output)
        return Param("W_hh", square), Param("W_ho", square), Param("b_o", square[:1])


class LSTM(Recurrent):
    """Long short-term memory, gates in the order input, forget, output, cell (lstm_layer.cpp).

    Blobs: W_xc (4D, K), b_c (4D), with a static input W_xc_static (4D, S), W_hc (4D, D), where D is
    num_output.
    """

    type = "LSTM"
    bottoms = between(2, 5)
    tops = between(1, 3)
    states = 2
    gates = 4
    input_blobs = ("W_xc", "b_c", "W_xc_static")
    each_step = ("W_hc",)

    def state_params(self) -> tuple[Param, ...]:
        return (Param("W_hc", (4 * self.num_output, self.num_output)),)


class LSTMUnit(Layer):
    """One step of an LSTM's cells: (1, N, D), (1, N, 4D), (1, N) -> twice (1, N, D).

    Bottoms: cells, gates, 0 where a sequence starts; tops: cells and output (lstm_unit_layer.cpp).
    """

    type = "LSTMUnit"
    gradient_reads = ("bottom",)
    bottoms = exactly(3)
    tops = exactly(2)
    force_backward = (True, True, False)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        cells = bottoms[0]
        check_axes(cells, 3, 3)
        expected = ((1, *cells[1:]), (1, cells[1], 4 * cells[2]), (1, cells[1]))
        if bottoms != expected:
            wanted, found = (", ".join(map(dims, shapes)) for shapes in (expected, bottoms))
            raise ShapeError(f"expected bottoms of {wanted}, found {found}")
        return Facts((cells, cells))


class ContinuationIndicator(Layer):
    """(time_step, N), 0 in the first row, 1 in the others (continuation_indicator_layer.cpp).

    N is `batch_size` or, in jolibrain/caffe, the extent of `axis` of a bottom.
    """

    type = "ContinuationIndicator"
    param_name = "continuation_indicator_param"
    bottoms = between(0, 1)
    data_bottoms = 0
    origin = "xmfbit/warpctc-caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        for name in ("time_step",) if spec.bottoms else ("batch_size", "time_step"):
            read_integer(self.param, name)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts(((self.param.integer("time_step"), self.batch_size(bottoms)),))

    def batch_size(self, bottoms: tuple[Shape, ...]) -> int:
        """Return the number of sequences; ShapeError for 0."""
        if not bottoms:
            return self.param.integer("batch_size")
        axis = self.axis_of(bottoms[0])
        if bottoms[0][axis] == 0:
            raise self.param.error(f"axis {axis} of {dims(bottoms[0])} is empty", "axis")
        return bottoms[0][axis]


class MultiStageMeanfield(Layer):
    """Unaries (N, C, H, W), initial values, and images -> (N, C, H, W).

    Blobs: spatial, bilateral and compatibility weights, all (1, 1, C, C)
    (multi_stage_meanfield.cpp).
    """

    type = "MultiStageMeanfield"
    param_name = "multi_stage_meanfield_param"
    bottoms = exactly(3)
    origin = "torrvision/caffe"
    is_global = True

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.iterations = read_integer(self.param, "num_iterations", least=2)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        return Facts((four_axes(bottoms[0]),), self.params(bottoms[0]))

    def params(self, bottom: Shape) -> tuple[Param, ...]:
        """Return the parameters."""
        channels = four_axes(bottom)[1]
        roles = ("spatial", "bilateral", "compatibility")
        return tuple(Param(role, (1, 1, channels, channels)) for role in roles)

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        return [product(param.role, param.shape[2:]) for param in self.params(bottoms[0])]
