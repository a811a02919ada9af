"""Caffe nets, logs and weights, read and recomputed without Caffe."""
