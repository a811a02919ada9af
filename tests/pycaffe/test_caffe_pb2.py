from __future__ import annotations

from google.protobuf import text_format

from caffetools.proto import schema
from caffetools.pycaffe import caffe_pb2
from caffetools.pycaffe.caffe_pb2 import protobuf_classes
from tests.live_nets import caffe

pb2 = caffe.proto.caffe_pb2


def test_messages_and_enums_are_those_of_the_schema() -> None:
    for name, kind in protobuf_classes().items():
        if "." not in name:
            assert getattr(pb2, name) is kind
    assert (pb2.TRAIN, pb2.TEST, pb2.Phase.Value("TEST")) == (0, 1, 1)
    assert pb2.Phase.Name(0) == "TRAIN"
    assert pb2.PoolingParameter.PoolMethod.Name(pb2.PoolingParameter.AVE) == "AVE"
    assert pb2.DESCRIPTOR.package == caffe_pb2.PACKAGE
    assert set(schema.messages()) == set(protobuf_classes())


def test_text_and_bytes_round_trip() -> None:
    net = pb2.NetParameter(name="n")
    text_format.Merge('layer { name: "a" convolution_param { kernel_size: 3 } }', net)
    again = pb2.NetParameter.FromString(net.SerializeToString())
    assert str(again) == str(net)
    assert again.layer[0].convolution_param.stride == []
    assert again.layer[0].convolution_param.group == 1  # the default of caffe.proto
    assert again.layer[0].HasField("convolution_param")
