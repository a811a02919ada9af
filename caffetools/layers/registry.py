"""Layer classes by type: Caffe's, the known forks', and those that a user registers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from caffetools.errors import CaffeToolsError, Location
from caffetools.layers.base import Layer, LayerClass
from caffetools.proto.message import Message

KINDS = {
    "accuracy": "Accuracy AccuracyRegression EltwiseAccuracy SegAccuracy",
    "activation": (
        "AbsVal BNLL Clip Dropout ELU Exp Log Power PReLU ReLU ReLU6 Sigmoid Softmax Swish "
        "TanH Threshold"
    ),
    "convolution": (
        "Convolution ConvolutionDeeplab ConvolutionDepthwise Deconvolution DepthwiseConvolution "
        "Im2col"
    ),
    "data": "AnnotatedData CompactData CPMData Data HDF5Data",
    "detection": (
        "DetectionEvaluate DetectionOutput DetectNetTransformation EvalDetection "
        "YoloDetectionOutput Yolov3DetectionOutput"
    ),
    "detection_loss": "MultiBoxLoss RegionLoss Yolov3",
    "elementwise": "Axpy Bias Eltwise Scale",
    "flow": "ChannelNorm Correlation FlowWarp",
    "image_data": "DenseImageData ImageData ImageSegData VideoData WindowData",
    "inputs": "DummyData Input MemoryData Parameter",
    "joining": "Concat HDF5Output Silence Slice Split",
    "linear": "Embed InnerDistance InnerProduct LargeMarginInnerProduct Local MarginInnerProduct",
    "loss": (
        "ContrastiveLoss EuclideanLoss HingeLoss L1Loss MultinomialLogisticLoss "
        "SigmoidCrossEntropyLoss SmoothL1Loss SmoothL1LossOHEM"
    ),
    "metric_loss": "CenterLoss TripletLoss",
    "normalization": "BatchNorm BN LRN MVN Normalize",
    "permutation": "Flip Permute Reorg Reverse ShuffleChannel Transpose",
    "pooling": "Pooling SPP",
    "prior_box": "PriorBox",
    "python.bvlc": (
        "pascal_multilabel_datalayers.PascalMultilabelDataLayerSync pyloss.EuclideanLossLayer"
    ),
    "python.detectnet": (
        "caffe.layers.detectnet.clustering.ClusterDetections "
        "caffe.layers.detectnet.clustering.ClusterGroundtruth "
        "caffe.layers.detectnet.mean_ap.mAP caffe.layers.detectnet.mean_ap.ScoreDetections"
    ),
    "python.fcn": (
        "nyud_layers.NYUDSegDataLayer pascalcontext_layers.PASCALContextSegDataLayer "
        "siftflow_layers.SIFTFlowSegDataLayer voc_layers.SBDDSegDataLayer "
        "voc_layers.VOCSegDataLayer"
    ),
    "python.py_faster_rcnn": (
        "roi_data_layer.layer.RoIDataLayer rpn.anchor_target_layer.AnchorTargetLayer "
        "rpn.proposal_layer.ProposalLayer rpn.proposal_target_layer.ProposalTargetLayer"
    ),
    "python_layer": "Python",
    "recurrent": "ContinuationIndicator LSTM LSTMUnit MultiStageMeanfield RNN",
    "region": "BoxAnnotatorOHEM Proposal PSROIPooling ROIPooling ROIWarping",
    "resampling": "Interp Unpooling UnPooling Upsample",
    "reshaping": "Flatten Reduction Reshape Tile",
    "selection": "ArgMax AutoCrop BatchReindex Crop Filter",
    "sequence": "CTCGreedyDecoder CtcLoss LabelsequenceAccuracy",
    "softmax_loss": "InfogainLoss SoftmaxWithLoss SoftmaxWithLossOHEM",
    "volume": "Convolution3D Deconvolution3D Pooling3D",
}
"""Layer types by module of `caffetools.layers`; a Python layer's type is `module.layer`."""


class Registry:
    """Layer classes by type; a module is imported when one of its types is looked up."""

    def __init__(self, kinds: Mapping[str, str]) -> None:
        """`kinds` has the types of each module in `caffetools.layers`, separated by spaces."""
        self._homes = {name: home for home, types in kinds.items() for name in types.split()}
        self._classes: dict[str, LayerClass] = {}

    def find(self, name: str) -> LayerClass | None:
        """Return the class of a type, None for an unknown type."""
        found = self._classes.get(name)
        if found is None and name in self._homes:
            found = self._classes[name] = _class_in(self._homes[name], name)
        return found

    def class_of(self, name: str, layer: Message) -> LayerClass | None:
        """Return the class of a layer of this type: for Python its own, if it is registered."""
        own = self.find(python_type(layer)) if name == "Python" else None
        return own or self.find(name)

    def register(self, layer_class: LayerClass) -> None:
        """Add a type or replace one; CaffeToolsError for a class without a `type`."""
        if not layer_class.type:
            raise CaffeToolsError(f"the layer class {layer_class.__name__} has no type")
        self._classes[layer_class.type] = layer_class

    def types(self) -> tuple[str, ...]:
        """Return all types, sorted by name."""
        return tuple(sorted({*self._homes, *self._classes}))


def _class_in(home: str, name: str) -> LayerClass:
    module = import_module(f"caffetools.layers.{home}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Layer) and value.type == name
    )


REGISTRY = Registry(KINDS)
"""The built-in types, and those that a user registers."""


def register(layer_class: LayerClass) -> LayerClass:
    """Add a layer type, or replace a built-in one.

    Parameters
    ----------
    layer_class : type[Layer]
        A subclass of `Layer` whose `type` is the name that prototxt files give it.

    Returns
    -------
    type[Layer]
        The same class, so that `register` can be used as a decorator.

    Raises
    ------
    CaffeToolsError
        If the class has no `type`.

    Examples
    --------
    >>> from caffetools import Facts, Layer, register
    >>> @register
    ... class GlobalMean(Layer):
    ...     type = "GlobalMean"
    ...
    ...     def facts(self, bottoms):
    ...         return Facts((bottoms[0][:2],))
    """
    REGISTRY.register(layer_class)
    return layer_class


def python_type(layer: Message) -> str:
    """Return the type under which the class of a Python layer is registered: `module.layer`."""
    param = layer.message("python_param")
    return f"{param.text('module')}.{param.text('layer')}"


def load_plugin(path: Path) -> None:
    """Run a Python file that registers layer types.

    Raises CaffeToolsError, with the line of the file, if it cannot be read or run.
    """
    run_python(path, "plugin")


def run_python(path: Path, what: str) -> ModuleType:
    """Run a Python file of the user as a module; `what` names it in messages.

    Raises CaffeToolsError, with the line of the file, if it cannot be read or run.
    """
    import importlib.util

    name = f"caffetools_{what}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CaffeToolsError(f"expected a Python file, FILE.py, as {what}", Location(str(path)))
    if not path.exists():
        raise CaffeToolsError("no such file", Location(str(path)))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look modules up there
    with python_errors(path, what):
        spec.loader.exec_module(module)
    return module


@contextmanager
def python_errors(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a Python file of the user raises into a CaffeToolsError with its line."""
    import traceback

    try:
        yield
    except SyntaxError as error:
        file = str(path) if error.filename == os.path.abspath(path) else str(error.filename)
        raise CaffeToolsError(f"not Python: {error.msg}", Location(file, error.lineno)) from None
    except Exception as error:  # noqa: BLE001  # other people's code may raise anything
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == os.path.abspath(path)
        ]
        place = Location(str(path), lines[-1] if lines else None)
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CaffeToolsError(f"the {what} failed: {reason}", place) from None
