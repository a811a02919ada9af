"""`caffe.draw`: a NetParameter drawn as `caffetools draw` does (draw.py)."""

from __future__ import annotations

from typing import Any

from caffetools.drawing.dot import dot
from caffetools.drawing.graph_page import graph_scene
from caffetools.drawing.svg import render
from caffetools.net.loading import from_text
from caffetools.pycaffe.faults import CaffeError, failures
from caffetools.pycaffe.user_layer import PHASES
from caffetools.writing import IMAGE_FORMATS, replace_file

_DOT = ("dot", "raw", "gv")


def draw_net(
    caffe_net: Any,
    rankdir: str,
    ext: str = "png",
    phase: int | None = None,
    display_lrm: bool = False,
) -> bytes:
    """Return the drawing of a net.

    Parameters
    ----------
    caffe_net : NetParameter
        The net.
    rankdir : {"TB", "LR", "BT"}
        Direction of a .dot; images are drawn from top to bottom.
    ext : {"png", "svg", "pdf", "dot", "raw"}
        Format; dot and raw are text for Graphviz.
    phase : int, optional
        caffe.TRAIN or caffe.TEST; by default caffe.TRAIN.
    display_lrm : bool
        Must be False: learning rates are not drawn.

    Raises
    ------
    RuntimeError
        For another format, and for a net that Caffe refuses.
    """
    if display_lrm:
        raise CaffeError("display_lrm is not in caffetools.pycaffe; use caffetools shapes")
    with failures():
        net = from_text(str(caffe_net), "<net>", PHASES[phase or 0])
        if ext in _DOT:
            text = dot(net)
            return text.replace("{\n", f"{{\n  rankdir={rankdir};\n", 1).encode()
        if ext not in IMAGE_FORMATS:
            formats = ", ".join((*IMAGE_FORMATS, *_DOT))
            raise CaffeError(f"expected a format of {formats}, found {ext!a}")
        return render(graph_scene(net), ext)


def draw_net_to_file(
    caffe_net: Any,
    filename: str,
    rankdir: str = "LR",
    phase: int | None = None,
    display_lrm: bool = False,
) -> None:
    """Draw a net to a file; its extension is the format."""
    data = draw_net(caffe_net, rankdir, filename.rpartition(".")[2], phase, display_lrm)
    with failures():
        replace_file(filename, data)
