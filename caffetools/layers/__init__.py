"""The layer types that are known: one file a family, one class a type."""

from __future__ import annotations

from caffetools.layers.registry import Registry

FAMILIES = {
    "activation": (
        "AbsVal",
        "BNLL",
        "Clip",
        "Dropout",
        "ELU",
        "Exp",
        "Log",
        "Power",
        "PReLU",
        "ReLU",
        "Sigmoid",
        "Swish",
        "TanH",
        "Threshold",
    ),
    "annotated_data": ("AnnotatedData",),
    "classification": ("Accuracy", "InfogainLoss", "SoftmaxWithLoss"),
    "convolution": ("Convolution", "Deconvolution"),
    "data": ("Data", "ImageData", "WindowData"),
    "depthwise": ("ConvolutionDepthwise", "DepthwiseConvolution", "Local"),
    "detection": ("DetectionEvaluate", "DetectionOutput", "MultiBoxLoss"),
    "detectnet": ("DetectNetTransformation",),
    "distance": ("InnerDistance",),
    "elementwise": ("Bias", "Eltwise", "Scale"),
    "embedding": ("Embed",),
    "fork_accuracy": (
        "AccuracyRegression",
        "EltwiseAccuracy",
        "LabelsequenceAccuracy",
        "SegAccuracy",
    ),
    "fork_data": ("CompactData", "DenseImageData", "ImageSegData"),
    "fork_elementwise": ("Axpy", "ReLU6"),
    "fork_loss": (
        "CtcLoss",
        "L1Loss",
        "RegionLoss",
        "SmoothL1Loss",
        "SmoothL1LossOHEM",
        "SoftmaxWithLossOHEM",
    ),
    "fork_normalization": ("BN", "Normalize"),
    "hdf5": ("HDF5Data", "HDF5Output"),
    "im2col": ("Im2col",),
    "inner_product": ("InnerProduct",),
    "inputs": ("DummyData", "Input", "MemoryData", "Parameter"),
    "joining": ("Concat", "Silence", "Slice", "Split"),
    "loss": (
        "ContrastiveLoss",
        "EuclideanLoss",
        "HingeLoss",
        "MultinomialLogisticLoss",
        "SigmoidCrossEntropyLoss",
    ),
    "meanfield": ("MultiStageMeanfield",),
    "normalization": ("BatchNorm", "LRN", "MVN", "Softmax"),
    "permutation": ("Flip", "Permute", "Reorg", "Reverse", "ShuffleChannel", "Transpose"),
    "pooling": ("Pooling",),
    "pose_data": ("CPMData",),
    "prior_box": ("PriorBox",),
    "pyramid": ("SPP",),
    "python.bvlc": (
        "pascal_multilabel_datalayers.PascalMultilabelDataLayerSync",
        "pyloss.EuclideanLossLayer",
    ),
    "python.detectnet": (
        "caffe.layers.detectnet.clustering.ClusterDetections",
        "caffe.layers.detectnet.clustering.ClusterGroundtruth",
        "caffe.layers.detectnet.mean_ap.mAP",
        "caffe.layers.detectnet.mean_ap.ScoreDetections",
    ),
    "python.fcn": (
        "nyud_layers.NYUDSegDataLayer",
        "pascalcontext_layers.PASCALContextSegDataLayer",
        "siftflow_layers.SIFTFlowSegDataLayer",
        "voc_layers.SBDDSegDataLayer",
        "voc_layers.VOCSegDataLayer",
    ),
    "python.py_faster_rcnn": (
        "roi_data_layer.layer.RoIDataLayer",
        "rpn.anchor_target_layer.AnchorTargetLayer",
        "rpn.proposal_layer.ProposalLayer",
        "rpn.proposal_target_layer.ProposalTargetLayer",
    ),
    "python_layer": ("Python",),
    "recurrent": ("LSTM", "LSTMUnit", "RNN"),
    "reduction": ("Reduction",),
    "region": ("BoxAnnotatorOHEM", "Proposal", "PSROIPooling", "ROIPooling"),
    "resampling": ("Interp", "Unpooling", "Upsample"),
    "reshaping": ("Flatten", "Reshape", "Tile"),
    "selection": ("ArgMax", "BatchReindex", "Crop", "Filter"),
    "sequence": ("ContinuationIndicator",),
    "video_data": ("VideoData",),
    "yolo": ("EvalDetection", "YoloDetectionOutput"),
}
"""The types of each file: Caffe's own, those of the forks, and Python layers as `module.layer`.

A net pays for the files of its own types: a file is imported when one of them is looked up.
"""

REGISTRY = Registry(FAMILIES)
"""Every type that is known, and those that a user adds."""
