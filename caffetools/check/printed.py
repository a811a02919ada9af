"""How the Caffe of a log prints shapes, to compare them with recomputed ones."""

from __future__ import annotations

from collections.abc import Collection

from caffetools.layers.blobs import Shape
from caffetools.log.age import Age
from caffetools.log.logged_net import LoggedNet


class Printed:
    """The form of the shapes of one logged net.

    Before March 2014 they had no batch, before March 2015 always four axes.
    """

    def __init__(self, net: LoggedNet, age: Age) -> None:
        shapes = [top for layer in net.layers for top in layer.tops if top.shape is not None]
        self.without_batch = bool(shapes) and all(top.elements is None for top in shapes)
        self._four_axes = all(len(top.shape or ()) == 4 for top in shapes)
        self._is_fork = age.fork is not None

    def expected(self, shape: Shape, printed: Shape, open_axes: Collection[int] = ()) -> Shape:
        """Return a recomputed shape as it would be printed; open axes have the printed extent."""
        axes = range(self.without_batch, self.without_batch + len(printed))
        extents = dict(zip(axes, printed, strict=True))
        shape = tuple(extents.get(i, n) if i in open_axes else n for i, n in enumerate(shape))
        padded = (*shape, *(1,) * (4 - len(shape)))
        if self.without_batch:
            return padded[1:]
        # Engines of some forks' own, as Intel's, still give four axes to some tops.
        forked = self._is_fork and padded == printed
        return padded if self._four_axes or forked else shape
