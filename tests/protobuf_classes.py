"""The schema as google.protobuf's message classes, with which tests compare the package's own."""

from __future__ import annotations

from caffetools.pycaffe.caffe_pb2 import file_descriptor, protobuf_classes

__all__ = ["file_descriptor", "protobuf_classes"]
