"""The class of a model, line by line."""

from __future__ import annotations

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.expressions import ExpressionWriter
from caffetools.torch.export.model_class import listed, model_class, shown
from caffetools.torch.export.structure import structured
from tests.torch.nets import PHASES, SHARING


def lines(text: str, *, both: bool = False) -> list[str]:
    other = from_text(text, phase="test") if both else None
    return list(model_class(assemble(from_text(text), other), ExpressionWriter()))


def test_the_class_of_two_phases() -> None:
    assert lines(PHASES, both=True) == [
        "class TwoPhases(nn.Module):",
        '    """data, label -> loss or accuracy, loss."""',
        "",
        '    inputs: tuple[str, ...] = ("data", "label")',
        '    outputs: tuple[str, ...] = ("loss",)',
        '    loss_weights: ClassVar[dict[str, float]] = {"loss": 1.0}',
        "    caffe_params: ClassVar[dict[str, tuple[str, ...]]] = {",
        '        "ip": ("ip.weight", "ip.bias"),',
        "    }",
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        "        self.ip = nn.Linear(4, 3)",
        "        self.reset_parameters()",
        "",
        "    def reset_parameters(self) -> None:",
        '        """Fill the parameters as Caffe\'s fillers do."""',
        '        nn.init.kaiming_uniform_(self.ip.weight, nonlinearity="linear")',
        "        nn.init.zeros_(self.ip.bias)",
        "",
        "    def train(self, mode: bool = True) -> TwoPhases:",
        '        """Go to training, or with False to testing, which has other outputs."""',
        '        self.outputs = type(self).outputs if mode else ("accuracy", "loss")',
        "        return super().train(mode)",
        "",
        "    def forward(self, data: Tensor, label: Tensor) -> Tensor | tuple[Tensor, Tensor]:",
        '        """Compute loss."""',
        "        ip = self.ip(data)  # 8 x 3",
        "        if not self.training:",
        "            accuracy = top_k_accuracy(ip, label)  # scalar",
        "        loss = softmax_with_loss(ip, label)  # scalar",
        "        if self.training:",
        "            return loss",
        "        return accuracy, loss",
    ]


def test_sharing() -> None:
    found = lines(SHARING)
    assert '        self.half_ = nn.Linear(5, 3)  # "half"' in found
    assert "        self.half_.weight = self.c.weight  # shared" in found
    assert "        fa = self.c(a)  # 4 x 3" in found
    assert "        fb = self.c(b)  # 4 x 3" in found


def test_shapes_that_are_not_caffes_are_told() -> None:
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
        'layer { name: "p" type: "PReLU" bottom: "x" top: "y" '
        "prelu_param { channel_shared: true } }"
    )
    assert '        "p.weight": (),' in lines(text)


def test_an_unknown_layer_without_a_top_is_called_all_the_same() -> None:
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
        'layer { name: "o" type: "Odd" bottom: "x" }'
    )
    assert lines(text)[-2:] == ["        self.o(x)", "        return ()"]


def test_many_targets_stand_in_brackets() -> None:
    tops = "".join(f' top: "{"top" * 10}_{index}"' for index in range(3))
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'
        f'layer {{ name: "s" type: "Slice" bottom: "x"{tops} }}'
    )
    found = lines(text)
    start = found.index("        (")
    assert found[start - 1 : start + 5] == [
        "        # 2 x 1",
        "        (",
        *(f"            {'top' * 10}_{index}," for index in range(3)),
        "        ) = x.chunk(3, dim=1)",
    ]


def test_words() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([]) == "nothing"
    assert [shown(shape) for shape in ((1, 2), (), None)] == ["1 x 2", "scalar", "unknown"]


def test_a_stopped_gradient_is_detached() -> None:
    text = (
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 4 } } }'
        'layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" '
        "inner_product_param { num_output: 3 } }"
        'layer { name: "r" type: "ReLU" bottom: "a" top: "a" propagate_down: false }'
    )
    forward = [line.strip() for line in lines(text)]
    assert "a = F.relu(a.detach())" in forward
    spec = structured(assemble(from_text(text)))
    assert list(model_class(spec, ExpressionWriter()))[-1] == "        return F.relu(a.detach())"
    assert "a = a.relu_()" in [
        line.strip() for line in lines(text.replace("propagate_down: false", ""))
    ]
