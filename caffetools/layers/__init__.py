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
from caffetools.layers.convolution import Convolution, Deconvolution
from caffetools.layers.depthwise import ConvolutionDepthwise, DepthwiseConvolution, Local
from caffetools.layers.distance import InnerDistance
from caffetools.layers.elementwise import Bias, Eltwise, Scale
from caffetools.layers.embedding import Embed
from caffetools.layers.fork_elementwise import Axpy, ReLU6
from caffetools.layers.fork_normalization import BN, Normalize
from caffetools.layers.im2col import Im2col
from caffetools.layers.inner_product import InnerProduct
from caffetools.layers.joining import Concat, Silence, Slice, Split
from caffetools.layers.normalization import LRN, MVN, BatchNorm, Softmax
from caffetools.layers.permutation import Flip, Permute, Reorg, Reverse, ShuffleChannel, Transpose
from caffetools.layers.pooling import Pooling
from caffetools.layers.pyramid import SPP
from caffetools.layers.reduction import Reduction
from caffetools.layers.registry import Registry
from caffetools.layers.resampling import Interp, Unpooling, Upsample
from caffetools.layers.reshaping import Flatten, Reshape, Tile
from caffetools.layers.selection import ArgMax, BatchReindex, Crop, Filter

REGISTRY = Registry(
    (
        AbsVal,
        ArgMax,
        Axpy,
        BatchNorm,
        BatchReindex,
        Bias,
        BN,
        BNLL,
        Clip,
        Concat,
        Convolution,
        ConvolutionDepthwise,
        Crop,
        Deconvolution,
        DepthwiseConvolution,
        Dropout,
        Eltwise,
        ELU,
        Embed,
        Exp,
        Filter,
        Flatten,
        Flip,
        Im2col,
        InnerDistance,
        InnerProduct,
        Interp,
        Local,
        Log,
        LRN,
        MVN,
        Normalize,
        Permute,
        Pooling,
        Power,
        PReLU,
        Reduction,
        ReLU,
        ReLU6,
        Reorg,
        Reshape,
        Reverse,
        Scale,
        ShuffleChannel,
        Sigmoid,
        Silence,
        Slice,
        Softmax,
        Split,
        SPP,
        Swish,
        TanH,
        Threshold,
        Tile,
        Transpose,
        Unpooling,
        Upsample,
    )
)
"""Caffe's own types and those of the forks, by name."""
