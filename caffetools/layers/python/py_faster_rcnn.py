"""The Python layers of Fast R-CNN, Faster R-CNN and what is built on them.

Shapes are those at setup, which Caffe logs; later they depend on the image and its regions. The
size of images is in the projects' own configuration: `--data-shape` overrides its defaults, and a
note reports where they are assumed.
"""

from __future__ import annotations

from caffetools.errors import GraphError
from caffetools.layers.anchors import Anchors, anchors
from caffetools.layers.base import Facts, Spec
from caffetools.layers.blobs import Shape, Step, at_least, between, exactly
from caffetools.layers.checks import check_axes
from caffetools.layers.items import hint
from caffetools.layers.python_layer import PythonLayer


class RoIDataLayer(PythonLayer):
    """Images and training targets (roi_data_layer/layer.py).

    The tops distinguish three kinds. Faster R-CNN's proposals: data, im_info (1, 3) and
    gt_boxes (1, 4). Fast R-CNN as first published: data, rois (1, 5), labels (1) and, where boxes
    are regressed, targets and weights (1, 4 · num_classes). Fast R-CNN in py-faster-rcnn: two kinds
    of weights.
    """

    type = "roi_data_layer.layer.RoIDataLayer"
    bottoms = exactly(0)
    tops = between(3, 6)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.proposals = "im_info" in spec.tops or "gt_boxes" in spec.tops
        if len(spec.tops) not in ((3,) if self.proposals else (3, 5, 6)):
            kind = "3 tops" if self.proposals else "3, 5 or 6 tops"
            text = f"expected {kind}, found {len(spec.tops)}"
            raise spec.message.error(text, "top", kind=GraphError)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        tops = len(self.spec.tops)
        targets = (1, 4 * self.integer("num_classes"))
        images, size = (2, (600, 1000)) if tops == 6 else (1, (100, 100))
        rest: tuple[Shape, ...] = ((1, 5), (1,), *(targets,) * (tops - 3))
        if self.proposals:
            images, size = 1, (600, 1000)
            rest = ((1, 3), (1, 4))
        given = self.spec.options.data_shape
        if given is not None and len(given) == 3:
            return Facts(((images, *given), *rest))
        assumed = f"images of {size[0]} x {size[1]} are assumed, as in the project"
        note = f"{assumed}; use {hint(self.spec)} to change it"
        return Facts(((images, 3, *size), *rest), notes=(note,))


class AnchorLayer(PythonLayer):
    """A layer with anchors at each position of a map."""

    no_torch = ""

    def anchors(self) -> Anchors:
        """Return the anchors: by default 3 ratios and 3 scales of a square of 16 pixels."""
        ratios, scales = self.numbers("ratios", (0.5, 1, 2)), self.numbers("scales", (8, 16, 32))
        return anchors(16, ratios, scales)


class ProposalLayer(AnchorLayer):
    """Scores, box deltas and im_info -> regions (1, 5), scores (1, 1, 1, 1) (proposal_layer.py)."""

    type = "rpn.proposal_layer.ProposalLayer"
    bottoms = exactly(3)
    tops = between(1, 2)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.integer("feat_stride")
        return Facts(((1, 5), (1, 1, 1, 1))[: len(self.spec.tops)])


class AnchorTargetLayer(AnchorLayer):
    """Targets of the A anchors at each position of a (…, H, W) (anchor_target_layer.py).

    Tops: labels (1, 1, A · H, W), and targets, inner and outer weights (1, 4A, H, W). The anchors
    combine scales and ratios, by default 3 and 3.
    """

    type = "rpn.anchor_target_layer.AnchorTargetLayer"
    bottoms = at_least(1)
    tops = exactly(4)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        self.integer("feat_stride")
        check_axes(bottoms[0], 2)
        height, width = bottoms[0][-2:]
        anchors = self.length("scales", 3) * self.length("ratios", 3)
        labels = (1, 1, anchors * height, width)
        return Facts((labels, *((1, 4 * anchors, height, width),) * 3))

    def explain(self, bottoms: tuple[Shape, ...]) -> list[Step]:
        scales, ratios = self.length("scales", 3), self.length("ratios", 3)
        anchors, height = scales * ratios, bottoms[0][-2]
        return [
            Step("anchors", f"{scales} * {ratios}", anchors),
            Step("height", f"{anchors} * {height}", anchors * height),
        ]


class ProposalTargetLayer(PythonLayer):
    """Regions and true boxes -> regions with labels and targets (proposal_target_layer.py).

    Tops: regions (1, 5), labels (1, 1), and targets, inner and outer weights (1, 4 · num_classes).
    R-FCN, which regresses boxes of 2 classes, adds two axes of 1.
    """

    type = "rpn.proposal_target_layer.ProposalTargetLayer"
    no_torch = ""
    bottoms = at_least(2)
    tops = exactly(5)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        targets = (1, 4 * self.integer("num_classes"))
        tops: tuple[Shape, ...] = ((1, 5), (1, 1), targets, targets, targets)
        return Facts(tuple((*top, 1, 1) for top in tops) if self.agnostic else tops)

    @property
    def agnostic(self) -> bool:
        """Whether all classes but the background have the same boxes, as in R-FCN."""
        return self.integer("num_classes") == 2
