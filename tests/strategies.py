"""What property tests draw: awkward names, chains of windows, small nets that Caffe would build."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from caffetools.layers.window import Window

# Blanks, quotes, escapes, marks of several formats, a line end, a wide character, half a surrogate.
_ODD = "a/_-# \"'\\|*<&=,;\n\r\t\x00\x1b\u2028\u202e\u5377\udc80"

names = st.text(st.sampled_from(_ODD), max_size=6) | st.text(max_size=6).filter(
    lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
)
"""Names of layers, tops and all else: strings as a prototxt may hold them."""


def quoted(text: str) -> str:
    """A string of protobuf's text format."""
    data = text.encode("utf-8", "surrogateescape")
    plain = bytes(range(32, 127)).translate(None, b'"\\')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in data) + '"'


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A window, small, of any stride, pad and dilation."""
    kernel, stride, dilation = (draw(st.integers(1, most)) for most in (4, 3, 3))
    return Window(kernel, stride, draw(st.integers(0, kernel - 1)), dilation)


class _Blob(NamedTuple):
    shape: tuple[int, ...]
    read: bool


class _Writer:
    """Writes a net layer by layer and keeps what can be read so far."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.blobs: dict[str, _Blob] = {}

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(1, one_in)) == 1

    def new_blob(self) -> str:
        return f"{self.draw(names)}/{len(self.blobs)}"

    def layer(
        self, kind: str, bottoms: list[str], top: str, shape: tuple[int, ...], fields: str
    ) -> None:
        blobs = [f"bottom: {quoted(name)}" for name in bottoms] + [f"top: {quoted(top)}"]
        weight = " loss_weight: 1" if self.chance(6) else ""
        name = quoted(self.draw(names))
        self.lines.append(
            f'layer {{ name: {name} type: "{kind}" {" ".join(blobs)} {fields}{weight} }}\n'
        )
        for bottom in bottoms:
            self.blobs[bottom] = self.blobs[bottom]._replace(read=True)
        self.blobs[top] = _Blob(shape, read=bool(weight))

    def input(self) -> None:
        shape = (2, *(self.draw(st.integers(1, 6)) for _ in range(3)))
        dims = " ".join(f"dim: {extent}" for extent in shape)
        self.layer("Input", [], self.new_blob(), shape, f"input_param {{ shape {{ {dims} }} }}")

    def pointwise(self, bottom: str) -> None:
        # In place only where nobody else reads the same version: Caffe would refuse it.
        in_place = not self.blobs[bottom].read and self.chance(2)
        kind = self.draw(st.sampled_from(("ReLU", "Dropout", "Sigmoid")))
        self.layer(
            kind, [bottom], bottom if in_place else self.new_blob(), self.blobs[bottom].shape, ""
        )

    def inner_product(self, bottom: str) -> None:
        shape, outputs = self.blobs[bottom].shape, self.draw(st.integers(1, 4))
        inputs = 1
        for extent in shape[1:]:
            inputs *= extent
        shared = f'name: "{inputs} to {outputs}"'
        spec = self.draw(st.sampled_from(("", "lr_mult: 0", shared)))
        fields = f"param {{ {spec} }} inner_product_param {{ num_output: {outputs} }}"
        self.layer("InnerProduct", [bottom], self.new_blob(), (shape[0], outputs), fields)

    def convolution(self, bottom: str) -> None:
        batch, channels, *extents = self.blobs[bottom].shape
        kernel, stride = self.draw(st.integers(1, 3)), self.draw(st.integers(1, 2))
        group = channels if self.chance(3) else 1
        outputs = group * self.draw(st.integers(1, 2))
        pad = kernel // 2
        shape = (batch, outputs, *((extent + 2 * pad - kernel) // stride + 1 for extent in extents))
        fields = (
            f"convolution_param {{ num_output: {outputs} kernel_size: {kernel} stride: {stride}"
            f" pad: {pad} group: {group} }}"
        )
        if 0 not in shape:
            self.layer("Convolution", [bottom], self.new_blob(), shape, fields)

    def joined(self, bottom: str) -> None:
        shape = self.blobs[bottom].shape
        fitting = [name for name, blob in self.blobs.items() if blob.shape == shape]
        bottoms = [bottom, *self.draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=2))]
        if self.chance(2):
            self.layer("Eltwise", bottoms, self.new_blob(), shape, "")
        else:
            channels = shape[1] * len(bottoms)
            self.layer("Concat", bottoms, self.new_blob(), (shape[0], channels, *shape[2:]), "")


@st.composite
def nets(draw: st.DrawFn) -> str:
    """A small net that Caffe would build, with branches, in-place layers, losses and sharing."""
    writer = _Writer(draw)
    writer.input()
    for _ in range(draw(st.integers(0, 8))):
        bottom = draw(st.sampled_from(list(writer.blobs)))
        makers = [writer.pointwise, writer.inner_product, writer.joined]
        if len(writer.blobs[bottom].shape) == 4:
            makers.append(writer.convolution)
        draw(st.sampled_from(makers))(bottom)
        if writer.chance(5):
            writer.input()
    return "".join(writer.lines)
