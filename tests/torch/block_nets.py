"""Nets with repeated blocks: of the kinds that public nets have, and small."""

from __future__ import annotations


def net(*layers: str, shape: tuple[int, ...] = (2, 8, 9, 9)) -> str:
    """A deploy net with the input x."""
    dims = " ".join(f"dim: {extent}" for extent in shape)
    head = f'layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}'
    return "\n".join([head, *layers])


def layer(kind: str, name: str, bottoms: str, top: str = "", options: str = "") -> str:
    """A layer with bottoms separated by blanks; its top is called as it is, unless given."""
    reads = "".join(f' bottom: "{bottom}"' for bottom in bottoms.split())
    return f'layer {{ name: "{name}" type: "{kind}"{reads} top: "{top or name}" {options} }}'


def conv(name: str, bottom: str, outputs: int, size: int = 1, options: str = "") -> str:
    pad = f"pad: {size // 2}" if size > 1 else ""
    fields = f"num_output: {outputs} kernel_size: {size} {pad} {options}"
    return layer("Convolution", name, bottom, options=f"convolution_param {{ {fields} }}")


def relu(blob: str) -> str:
    return layer("ReLU", f"{blob}_relu", blob, blob)


def norm(name: str, blob: str, *, frozen: bool = False) -> str:
    """BatchNorm and Scale in place."""
    uses = "batch_norm_param { use_global_stats: true }" if frozen else ""
    scale = layer("Scale", f"scale{name}", blob, blob, "scale_param { bias_term: true }")
    return "\n".join([layer("BatchNorm", f"bn{name}", blob, blob, uses), scale])


def bottleneck(own: str, bottom: str, width: int, stride: int = 0, *, frozen: bool = False) -> str:
    """A block of a ResNet, with a projection if it has a stride."""
    lines, shortcut = [], bottom
    options = f"bias_term: false stride: {stride or 1}"
    if stride:
        shortcut = f"res{own}_branch1"
        lines += [conv(shortcut, bottom, 4 * width, 1, options)]
        lines += [norm(f"{own}_branch1", shortcut, frozen=frozen)]
    a, b, c = (f"res{own}_branch2{each}" for each in "abc")
    lines += [
        conv(a, bottom, width, 1, options),
        norm(f"{own}_branch2a", a, frozen=frozen),
        relu(a),
    ]
    lines += [conv(b, a, width, 3, "bias_term: false"), norm(f"{own}_branch2b", b, frozen=frozen)]
    lines += [relu(b), conv(c, b, 4 * width, 1, "bias_term: false")]
    lines += [norm(f"{own}_branch2c", c, frozen=frozen)]
    return "\n".join([*lines, layer("Eltwise", f"res{own}", f"{shortcut} {c}"), relu(f"res{own}")])


def resnet(*, frozen: bool) -> str:
    """Five blocks, three of them with a projection, of widths 2 2 4 4 6."""
    blocks = (("2a", 2, 1), ("2b", 2, 0), ("3a", 4, 2), ("3b", 4, 0), ("4a", 6, 2))
    bottoms = ["x", "res2a", "res2b", "res3a", "res3b"]
    return net(
        *(
            bottleneck(own, bottom, width, stride, frozen=frozen)
            for (own, width, stride), bottom in zip(blocks, bottoms, strict=True)
        )
    )


def inception(own: str, bottom: str, widths: tuple[int, int, int]) -> str:
    one, three, last = (f"{own}/{each}" for each in ("1x1", "3x3", "pool_proj"))
    reduced, pool = f"{own}/3x3_reduce", f"{own}/pool"
    options = "pooling_param { kernel_size: 3 stride: 1 pad: 1 }"
    return "\n".join([
        conv(one, bottom, widths[0]), relu(one),
        conv(reduced, bottom, 2), relu(reduced),
        conv(three, reduced, widths[1], 3), relu(three),
        layer("Pooling", pool, bottom, options=options),
        conv(last, pool, widths[2]), relu(last),
        layer("Concat", f"{own}/output", f"{one} {three} {last}"),
    ])  # fmt: skip


def head(own: str, bottom: str, sizes: tuple[float, float]) -> str:
    """The head of an SSD on one map."""
    lines = []
    for name, outputs in (("loc", 16), ("conf", 12)):
        blob = f"{own}_mbox_{name}"
        order = "permute_param { order: 0 order: 2 order: 3 order: 1 }"
        lines += [conv(blob, bottom, outputs, 3), layer("Permute", f"{blob}_perm", blob, "", order)]
        lines += [layer("Flatten", f"{blob}_flat", f"{blob}_perm")]
    prior = f"min_size: {sizes[0]} max_size: {sizes[1]} aspect_ratio: 2 variance: 0.1 flip: true"
    lines += [
        layer(
            "PriorBox",
            f"{own}_mbox_priorbox",
            f"{bottom} x",
            "",
            f"prior_box_param {{ {prior} variance: 0.1 variance: 0.2 variance: 0.2 }}",
        )
    ]
    return "\n".join(lines)  # fmt: skip


def joined(kind: str, owns: tuple[str, ...], axis: int) -> str:
    bottoms = " ".join(f"{own}_mbox_{kind}" for own in owns)
    return layer("Concat", f"all_{kind}", bottoms, "", f"concat_param {{ axis: {axis} }}")


MAPS = ("c1", "c2", "c3", "c4", "c5", "c6")


def separable(own: str, bottom: str, inputs: int, outputs: int, stride: int = 1) -> str:
    dw, pw = f"{own}/dw", f"{own}/sep"
    fields = f"bias_term: false group: {inputs} stride: {stride}"
    return "\n".join([
        conv(dw, bottom, inputs, 3, fields), norm(f"_{dw}", dw), relu(dw),
        conv(pw, dw, outputs, 1, "bias_term: false"), norm(f"_{pw}", pw), relu(pw),
    ])  # fmt: skip


def dense(number: int, bottom: str) -> str:
    name = f"conv{number}"
    return "\n".join([
        layer("BatchNorm", f"{name}/bn", bottom), layer("ReLU", f"{name}/relu", f"{name}/bn"),
        conv(f"{name}/a", f"{name}/relu", 6), relu(f"{name}/a"),
        conv(f"{name}/b", f"{name}/a", 3, 3), layer("Concat", f"{name}/out", f"{bottom} {name}/b"),
    ])  # fmt: skip


def chain(*names: str) -> str:
    """Convolutions of 8 channels, each followed by a ReLU and one more convolution."""
    lines, bottom = [], "x"
    for name in names:
        lines += [conv(f"{name}_a", bottom, 8, 3), relu(f"{name}_a")]
        lines += [conv(f"{name}_b", f"{name}_a", 8, 3), relu(f"{name}_b"), norm(name, f"{name}_b")]
        lines += [layer("LRN", f"{name}_lrn", f"{name}_b")]
        bottom = f"{name}_lrn"
    return net(*lines)


IDENTITY = [bottleneck(f"2{own}", bottom, 2) for own, bottom in
            zip("abcd", ("x", "res2a", "res2b", "res2c"), strict=True)]  # fmt: skip
WIDTHS = ((2, 3, 4), (4, 2, 3), (1, 2, 3), (3, 3, 3))
INCEPTIONS = [inception(f"in_{own}", bottom, widths) for own, bottom, widths in
              zip("abcd", ("x", "in_a/output", "in_b/output", "in_c/output"), WIDTHS,
                  strict=True)]  # fmt: skip
SSD = net(
    conv("c1", "x", 6, 3), conv("c2", "c1", 5, 3, "stride: 2"),
    conv("c3", "c2", 6, 3, "stride: 2"), conv("c4", "c3", 7, 3, "stride: 2"),
    conv("c5", "c4", 8, 3), conv("c6", "c5", 5, 3),
    *(head(own, own, (2 + i, 4 + i)) for i, own in enumerate(MAPS)),
    joined("loc_flat", MAPS, 1), joined("conf_flat", MAPS, 1), joined("priorbox", MAPS, 2),
)  # fmt: skip
OUT = layer("InnerProduct", "fc", "in_d/output", "", "inner_product_param { num_output: 5 }")

NETS = {
    "bottlenecks with projections": resnet(frozen=False),
    "bottlenecks with frozen statistics": resnet(frozen=True),
    "bottlenecks without projections": net(*IDENTITY),
    "a block that is read twice": net(*IDENTITY, layer("Eltwise", "sum", "res2b res2d")),
    "a block whose inside is an output": net(*IDENTITY, layer("TanH", "t", "res2c_branch2b")),
    "inceptions": net(*INCEPTIONS, OUT),
    "inceptions apart": net(*INCEPTIONS[:2], layer("TanH", "t", "in_b/output"),
                            INCEPTIONS[2].replace('"in_b/output"', '"t"'), INCEPTIONS[3]),
    "heads of an SSD": SSD,
    "separable convolutions": net(
        separable("m1", "x", 8, 6), separable("m2", "m1/sep", 6, 4, 2),
        separable("m3", "m2/sep", 4, 6), separable("m4", "m3/sep", 6, 3, 2),
    ),
    "dense layers": net(*(dense(i, f"conv{i - 1}/out" if i > 1 else "x") for i in range(1, 6))),
    "a chain": chain("c1", "c2", "c3", "c4"),
    "a chain with odd names": chain("first", "in-2", "x/y", "l"),
    "names without a rule": chain("a1", "bb", "c").replace('"bb_a"', '"other"'),
    "braces in names": chain("a{1}", "a{2}", "a{3}", "a{4}"),
    "names of Python": chain("self", "class", "forward", "nn"),
    "in place behind a block": net(*IDENTITY, relu("res2d"),
                                  layer("Dropout", "d", "res2d", "res2d")),
    "a shared parameter": chain("c1", "c2", "c3", "c4").replace(
        'name: "c2_a" type', 'name: "c2_a" param { name: "w" } type').replace(
        'name: "c3_a" type', 'name: "c3_a" param { name: "w" } type'),
    "two images": net(*INCEPTIONS, layer("Slice", "s", "in_d/output", "s1",
                                         'top: "s2" slice_param { axis: 1 slice_point: 4 }')),
    "a stopped gradient": net(*IDENTITY).replace('name: "res2b_relu"',
                                                 'name: "res2b_relu" propagate_down: false'),
    "no layer": net(),
}  # fmt: skip
