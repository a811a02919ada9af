"""The layer types that are known: one file a family, one class a type."""

from __future__ import annotations

from caffetools.layers.activation import (
    BNLL,
    ELU,
    AbsVal,
    Clip,
    Dropout,
    Exp,
    Log,
    Power,
    PReLU,
    ReLU,
    Sigmoid,
    Swish,
    TanH,
    Threshold,
)
from caffetools.layers.annotated_data import AnnotatedData
from caffetools.layers.classification import Accuracy, InfogainLoss, SoftmaxWithLoss
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.data import Data, ImageData, WindowData
from caffetools.layers.depthwise import ConvolutionDepthwise, DepthwiseConvolution, Local
from caffetools.layers.detection import DetectionEvaluate, DetectionOutput, MultiBoxLoss
from caffetools.layers.detectnet import DetectNetTransformation
from caffetools.layers.distance import InnerDistance
from caffetools.layers.elementwise import Bias, Eltwise, Scale
from caffetools.layers.embedding import Embed
from caffetools.layers.fork_accuracy import (
    AccuracyRegression,
    EltwiseAccuracy,
    LabelsequenceAccuracy,
    SegAccuracy,
)
from caffetools.layers.fork_data import CompactData, DenseImageData, ImageSegData
from caffetools.layers.fork_elementwise import Axpy, ReLU6
from caffetools.layers.fork_loss import (
    CtcLoss,
    L1Loss,
    RegionLoss,
    SmoothL1Loss,
    SmoothL1LossOHEM,
    SoftmaxWithLossOHEM,
)
from caffetools.layers.fork_normalization import BN, Normalize
from caffetools.layers.hdf5 import HDF5Data, HDF5Output
from caffetools.layers.im2col import Im2col
from caffetools.layers.inner_product import InnerProduct
from caffetools.layers.inputs import DummyData, Input, MemoryData, Parameter
from caffetools.layers.joining import Concat, Silence, Slice, Split
from caffetools.layers.loss import (
    ContrastiveLoss,
    EuclideanLoss,
    HingeLoss,
    MultinomialLogisticLoss,
    SigmoidCrossEntropyLoss,
)
from caffetools.layers.meanfield import MultiStageMeanfield
from caffetools.layers.normalization import LRN, MVN, BatchNorm, Softmax
from caffetools.layers.permutation import Flip, Permute, Reorg, Reverse, ShuffleChannel, Transpose
from caffetools.layers.pooling import Pooling
from caffetools.layers.pose_data import CPMData
from caffetools.layers.prior_box import PriorBox
from caffetools.layers.pyramid import SPP
from caffetools.layers.python import PYTHON_LAYERS
from caffetools.layers.python_layer import Python
from caffetools.layers.recurrent import LSTM, RNN, LSTMUnit
from caffetools.layers.reduction import Reduction
from caffetools.layers.region import BoxAnnotatorOHEM, Proposal, PSROIPooling, ROIPooling
from caffetools.layers.registry import Registry
from caffetools.layers.resampling import Interp, Unpooling, Upsample
from caffetools.layers.reshaping import Flatten, Reshape, Tile
from caffetools.layers.selection import ArgMax, BatchReindex, Crop, Filter
from caffetools.layers.sequence import ContinuationIndicator
from caffetools.layers.video_data import VideoData
from caffetools.layers.yolo import EvalDetection, YoloDetectionOutput

REGISTRY = Registry(
    (
        AbsVal,
        Accuracy,
        AccuracyRegression,
        AnnotatedData,
        ArgMax,
        Axpy,
        BatchNorm,
        BatchReindex,
        Bias,
        BN,
        BNLL,
        BoxAnnotatorOHEM,
        Clip,
        CompactData,
        Concat,
        ContinuationIndicator,
        ContrastiveLoss,
        Convolution,
        ConvolutionDepthwise,
        CPMData,
        Crop,
        CtcLoss,
        Data,
        Deconvolution,
        DenseImageData,
        DepthwiseConvolution,
        DetectionEvaluate,
        DetectionOutput,
        DetectNetTransformation,
        Dropout,
        DummyData,
        Eltwise,
        EltwiseAccuracy,
        ELU,
        Embed,
        EuclideanLoss,
        EvalDetection,
        Exp,
        Filter,
        Flatten,
        Flip,
        HDF5Data,
        HDF5Output,
        HingeLoss,
        Im2col,
        ImageData,
        ImageSegData,
        InfogainLoss,
        InnerDistance,
        InnerProduct,
        Input,
        Interp,
        L1Loss,
        LabelsequenceAccuracy,
        Local,
        Log,
        LRN,
        LSTM,
        LSTMUnit,
        MemoryData,
        MultiBoxLoss,
        MultinomialLogisticLoss,
        MultiStageMeanfield,
        MVN,
        Normalize,
        Parameter,
        Permute,
        Pooling,
        Power,
        PReLU,
        PriorBox,
        Proposal,
        PSROIPooling,
        Python,
        Reduction,
        RegionLoss,
        ReLU,
        ReLU6,
        Reorg,
        Reshape,
        Reverse,
        RNN,
        ROIPooling,
        Scale,
        SegAccuracy,
        ShuffleChannel,
        Sigmoid,
        SigmoidCrossEntropyLoss,
        Silence,
        Slice,
        SmoothL1Loss,
        SmoothL1LossOHEM,
        Softmax,
        SoftmaxWithLoss,
        SoftmaxWithLossOHEM,
        Split,
        SPP,
        Swish,
        TanH,
        Threshold,
        Tile,
        Transpose,
        Unpooling,
        Upsample,
        VideoData,
        WindowData,
        YoloDetectionOutput,
        *PYTHON_LAYERS,
    )
)
"""Caffe's own types and those of the forks, by name."""
