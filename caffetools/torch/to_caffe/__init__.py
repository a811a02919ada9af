"""PyTorch modules and ONNX files -> Caffe nets with their weights."""
