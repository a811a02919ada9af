"""The data layers of fcn.berkeleyvision.org: one image and the class of each of its pixels.

Their size is that of the first image, which no prototxt defines; `--data-shape` sets it.
"""

from __future__ import annotations

from caffetools.layers.base import Facts
from caffetools.layers.blobs import Shape, at_least, exactly
from caffetools.layers.items import hint
from caffetools.layers.python_layer import PythonLayer


class SegDataLayer(PythonLayer):
    """(1, 3, H, W) and, for each further top, (1, 1, H, W)."""

    bottoms = exactly(0)
    tops = exactly(2)

    def channels(self) -> tuple[int, ...]:
        """Return the channels of each top."""
        return (3, *(1,) * (len(self.spec.tops) - 1))

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        item = self.spec.options.data_shape
        channels = self.channels()
        if item is None or len(item) != 3:
            note = f"the size is that of the first image; pass {hint(self.spec)}"
            return Facts((None,) * len(channels), notes=(note,))
        return Facts(tuple((1, extent, *item[1:]) for extent in channels))


class VOCSegDataLayer(SegDataLayer):
    """PASCAL VOC (voc_layers.py)."""

    type = "voc_layers.VOCSegDataLayer"


class SBDDSegDataLayer(SegDataLayer):
    """The extended labels of PASCAL VOC (voc_layers.py)."""

    type = "voc_layers.SBDDSegDataLayer"


class PASCALContextSegDataLayer(SegDataLayer):
    """PASCAL-Context (pascalcontext_layers.py)."""

    type = "pascalcontext_layers.PASCALContextSegDataLayer"


class SIFTFlowSegDataLayer(SegDataLayer):
    """SIFT Flow, with a semantic and a geometric class (siftflow_layers.py)."""

    type = "siftflow_layers.SIFTFlowSegDataLayer"
    tops = exactly(3)


class NYUDSegDataLayer(SegDataLayer):
    """NYUDv2, each top one of color, hha, depth and label, as param_str says (nyud_layers.py)."""

    type = "nyud_layers.NYUDSegDataLayer"
    tops = at_least(1)

    def channels(self) -> tuple[int, ...]:
        kinds = self.strings("tops")
        if len(kinds) != len(self.spec.tops) or not set(kinds) <= _NYUD_CHANNELS.keys():
            known = ", ".join(_NYUD_CHANNELS)
            raise self.mistake(f"expected for each top one of {known}")
        return tuple(_NYUD_CHANNELS[kind] for kind in kinds)


_NYUD_CHANNELS = {"color": 3, "hha": 3, "depth": 1, "label": 1}
