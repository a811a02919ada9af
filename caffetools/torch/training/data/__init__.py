"""Caffe's data layers: what they read, in Caffe's order, and what they make of each item."""
