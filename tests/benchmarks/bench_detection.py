"""Exported MobileNet-SSD, from an image to boxes, against the same net written by hand.

    python tests/benchmarks/bench_detection.py [--rounds N] [--threads N]

The one by hand decodes all boxes at once and calls `torchvision.ops.nms` for each class; its priors
are made once. The weights are random: most of the 1917 boxes pass the threshold, far more than of a
photo. Prints the best time of each side, taken in turns, their ratio and the number of boxes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor, nn

from caffetools.net.loading import from_text
from caffetools.torch.export.assembly import assemble
from caffetools.torch.export.loaded_module import load_module

CLASSES = 21
WIDTHS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]
"""Channels and stride of the separable convolutions up to the first source of boxes."""
DEEPER = [(1024, 2), (1024, 1)]
EXTRAS = [(256, 512), (128, 256), (128, 256), (64, 128)]
"""Channels of each pair of a 1 x 1 and a 3 x 3 convolution; each pair is a source."""
SIZES = [(60, None), (105, 150), (150, 195), (195, 240), (240, 285), (285, 300)]
"""Smallest and largest size of each source's priors; without a largest there is one ratio less."""


def prototxt() -> str:
    """The net with Caffe's layers."""
    return "\n".join(layers())


def layers() -> Iterator[str]:
    shape = "shape { dim: 1 dim: 3 dim: 300 dim: 300 }"
    yield f'layer {{ name: "data" type: "Input" top: "data" input_param {{ {shape} }} }}'
    yield from conv("conv0", "data", 32, 3, 2)
    top, channels, sources = "conv0", 32, []
    for index, (width, stride) in enumerate([*WIDTHS, *DEEPER], 1):
        yield from conv(f"conv{index}dw", top, channels, 3, stride, channels)
        yield from conv(f"conv{index}", f"conv{index}dw", width, 1)
        top, channels = f"conv{index}", width
        if index in (len(WIDTHS), len(WIDTHS) + len(DEEPER)):
            sources.append(top)
    for index, (narrow, wide) in enumerate(EXTRAS):
        yield from conv(f"extra{index}_1", top, narrow, 1)
        yield from conv(f"extra{index}_2", f"extra{index}_1", wide, 3, 2)
        top = f"extra{index}_2"
        sources.append(top)
    for source, (small, large) in zip(sources, SIZES, strict=True):
        for kind, each in (("loc", 4), ("conf", CLASSES)):
            yield from conv(f"{source}_{kind}", source, (6 if large else 3) * each, 1, relu=False)
            yield simple(f"{source}_{kind}p", "Permute", [f"{source}_{kind}"],
                         "permute_param { order: 0 order: 2 order: 3 order: 1 }")  # fmt: skip
            yield simple(f"{source}_{kind}f", "Flatten", [f"{source}_{kind}p"], "")
        ratios = f"max_size: {large} aspect_ratio: 3" if large else ""
        yield simple(f"{source}_prior", "PriorBox", [source, "data"],
                     f"prior_box_param {{ min_size: {small} aspect_ratio: 2 {ratios} variance: 0.1"
                     " variance: 0.1 variance: 0.2 variance: 0.2 }")  # fmt: skip
    for kind, end, axis in (("loc", "f", 1), ("conf", "f", 1), ("prior", "", 2)):
        tops = [f"{source}_{kind}{end}" for source in sources]
        yield simple(kind, "Concat", tops, f"concat_param {{ axis: {axis} }}")
    yield simple("rows", "Reshape", ["conf"],
                 f"reshape_param {{ shape {{ dim: 0 dim: -1 dim: {CLASSES} }} }}")  # fmt: skip
    yield simple("scores", "Softmax", ["rows"], "softmax_param { axis: 2 }")
    yield simple("flat", "Flatten", ["scores"], "")
    yield simple("boxes", "DetectionOutput", ["loc", "flat", "prior"],
                 f"detection_output_param {{ num_classes: {CLASSES} code_type: CENTER_SIZE"
                 " nms_param { nms_threshold: 0.45 top_k: 100 } keep_top_k: 100"
                 " confidence_threshold: 0.25 }")  # fmt: skip


def simple(name: str, kind: str, bottoms: list[str], options: str) -> str:
    read = " ".join(f'bottom: "{bottom}"' for bottom in bottoms)
    return f'layer {{ name: "{name}" type: "{kind}" {read} top: "{name}" {options} }}'


def conv(
    name: str, bottom: str, outputs: int, kernel: int, stride: int = 1, group: int = 1,
    *, relu: bool = True,
) -> Iterator[str]:  # fmt: skip
    yield simple(name, "Convolution", [bottom],
                 f"convolution_param {{ num_output: {outputs} kernel_size: {kernel}"
                 f" pad: {kernel // 2} stride: {stride} group: {group}"
                 " weight_filler { type: 'msra' } }")  # fmt: skip
    if relu:
        yield simple(name, "ReLU", [name], "").replace(f'name: "{name}"', f'name: "{name}_relu"')


def block(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups),
        nn.ReLU(inplace=True),
    )


class ByHand(nn.Module):
    """MobileNet-SSD as one would write it."""

    priors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.stages, channels, widths = nn.ModuleList(), 32, [WIDTHS, DEEPER]
        for index, stage in enumerate(widths):
            made = [] if index else [block(3, 32, 3, 2)]
            for width, stride in stage:
                made += [block(channels, channels, 3, stride, channels), block(channels, width, 1)]
                channels = width
            self.stages.append(nn.Sequential(*made))
        for narrow, wide in EXTRAS:
            self.stages.append(nn.Sequential(block(channels, narrow, 1), block(narrow, wide, 3, 2)))
            channels = wide
        self.loc, self.conf = nn.ModuleList(), nn.ModuleList()
        sources = [WIDTHS[-1][0], DEEPER[-1][0], *(wide for _, wide in EXTRAS)]
        for source, (_, large) in zip(sources, SIZES, strict=True):
            count = 6 if large else 3
            self.loc.append(nn.Conv2d(source, count * 4, 1))
            self.conf.append(nn.Conv2d(source, count * CLASSES, 1))
        self.register_buffer("priors", priors(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        loc, conf = [], []
        for stage, to_loc, to_conf in zip(self.stages, self.loc, self.conf, strict=True):
            x = stage(x)
            loc.append(to_loc(x).permute(0, 2, 3, 1).reshape(-1, 4))
            conf.append(to_conf(x).permute(0, 2, 3, 1).reshape(-1, CLASSES))
        return self.detect(torch.cat(loc), torch.cat(conf).softmax(1))

    def detect(self, loc: Tensor, scores: Tensor) -> Tensor:
        """Rows (label, score, box) of the 100 best boxes of one image."""
        from torchvision.ops import nms  # type: ignore[import-not-found,import-untyped,unused-ignore]

        centre = self.priors[:, :2] + loc[:, :2] * 0.1 * self.priors[:, 2:]
        half = self.priors[:, 2:] * (loc[:, 2:] * 0.2).exp() / 2
        boxes = torch.cat([centre - half, centre + half], 1)
        rows = []
        for label in range(1, CLASSES):
            (chosen,) = (scores[:, label] > 0.25).nonzero(as_tuple=True)
            best, order = scores[chosen, label].sort(descending=True, stable=True)
            best, chosen = best[:100], chosen[order[:100]]
            kept = nms(boxes[chosen], best, 0.45)
            labels = torch.full((len(kept), 1), float(label))
            rows.append(torch.cat([labels, best[kept, None], boxes[chosen[kept]]], 1))
        found = torch.cat(rows)
        first = found[:, 1].sort(descending=True, stable=True)[1][:100]
        return found[first.sort()[0]]


def priors() -> Tensor:
    """Centre and size of all priors, in fractions of the image."""
    found, side = [], 19
    for small, large in SIZES:
        sizes = [(small, small)] + ([((small * large) ** 0.5,) * 2] if large else [])
        ratios = (2, 0.5, 3, 1 / 3) if large else (2, 0.5)
        sizes += [(small * ratio**0.5, small / ratio**0.5) for ratio in ratios]
        steps = (torch.arange(side) + 0.5) / side
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        centre = torch.stack([x, y], -1).reshape(-1, 1, 2).expand(-1, len(sizes), 2)
        size = (torch.tensor(sizes) / 300).expand(len(centre), -1, 2)
        found.append(torch.cat([centre, size], 2).reshape(-1, 4))
        side = (side + 1) // 2
    return torch.cat(found)


def best(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    exported, by_hand = load_module(assemble(from_text(prototxt(), phase="test"))), ByHand().eval()
    own = sorted(
        exported.state_dict().items(), key=lambda item: "_loc" in item[0] or "_conf" in item[0]
    )
    heads = [[v for k, v in own if f"_{kind}" in k] for kind in ("loc", "conf")]
    values = [v for k, v in own if "_loc" not in k and "_conf" not in k] + heads[0] + heads[1]
    by_hand.load_state_dict(dict(zip(by_hand.state_dict(), values, strict=True)))
    x = torch.randn(1, 3, 300, 300)
    found, wanted = exported(x)[0, 0, :, 1:], by_hand(x)
    torch.testing.assert_close(found, wanted, rtol=1e-3, atol=1e-4)
    times = [
        [best(partial(model, x)) for model in (exported, by_hand)] for _ in range(options.rounds)
    ]
    ours, theirs = (min(column) * 1e3 for column in zip(*times, strict=True))
    print(f"MobileNet-SSD, {len(wanted)} boxes: exported {ours:.1f} ms, by hand {theirs:.1f} ms, "
          f"{ours / theirs:.2f}x")  # fmt: skip


if __name__ == "__main__":
    main()
