"""Python layers of public projects, each registered as `module.layer`.

They are what a user's own plugin would be: see `caffetools.layers.python_layer`.
"""

from __future__ import annotations

from caffetools.layers.python.bvlc import EuclideanLossLayer, PascalMultilabelDataLayerSync
from caffetools.layers.python.detectnet import (
    ClusterDetections,
    ClusterGroundtruth,
    MeanAveragePrecision,
    ScoreDetections,
)
from caffetools.layers.python.fcn import (
    NYUDSegDataLayer,
    PASCALContextSegDataLayer,
    SBDDSegDataLayer,
    SIFTFlowSegDataLayer,
    VOCSegDataLayer,
)
from caffetools.layers.python.py_faster_rcnn import (
    AnchorTargetLayer,
    ProposalLayer,
    ProposalTargetLayer,
    RoIDataLayer,
)

PYTHON_LAYERS = (
    AnchorTargetLayer,
    ClusterDetections,
    ClusterGroundtruth,
    EuclideanLossLayer,
    MeanAveragePrecision,
    NYUDSegDataLayer,
    PASCALContextSegDataLayer,
    PascalMultilabelDataLayerSync,
    ProposalLayer,
    ProposalTargetLayer,
    RoIDataLayer,
    SBDDSegDataLayer,
    SIFTFlowSegDataLayer,
    ScoreDetections,
    VOCSegDataLayer,
)
"""Those that are known without a plugin."""
