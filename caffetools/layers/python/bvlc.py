"""The Python layers of Caffe's own examples (examples/pycaffe/layers)."""

from __future__ import annotations

from caffetools.layers.base import Facts
from caffetools.layers.blobs import Shape, count, exactly
from caffetools.layers.checks import mismatch
from caffetools.layers.python_layer import PythonLayer


class EuclideanLossLayer(PythonLayer):
    """Two bottoms with the same number of elements -> (1), not a scalar (pyloss.py)."""

    type = "pyloss.EuclideanLossLayer"
    no_torch = ""
    bottoms = exactly(2)
    tops = exactly(1)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        if count(bottoms[0]) != count(bottoms[1]):
            raise mismatch("two bottoms with the same number of elements", bottoms[0], bottoms[1])
        return Facts(((1,),))


class PascalMultilabelDataLayerSync(PythonLayer):
    """Images of im_shape in batches of batch_size, and 20 labels (pascal_multilabel_datalayers.py).

    param_str is a Python dict, whose im_shape is height and width.
    """

    type = "pascal_multilabel_datalayers.PascalMultilabelDataLayerSync"
    bottoms = exactly(0)
    tops = exactly(2)

    def facts(self, bottoms: tuple[Shape, ...]) -> Facts:
        batch = self.spec.options.batch_size or self.integer("batch_size")
        height, width = self.integers("im_shape", 2)
        return Facts(((batch, 3, height, width), (batch, 20)))
