"""Caffe's logs of every age, read back into nets, curves and events."""
