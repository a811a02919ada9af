"""Helpers for exported models: functions and modules that PyTorch lacks or defines differently.

Ordinary PyTorch, used and tested here as it is. An export copies the helpers that a model calls,
and what they need in turn, into its `model.py`. To make this possible, each file imports only the
standard library, PyTorch and files of this package; names are unique in the whole package; and a
file contains only definitions, constants and registrations of custom operators.

Parameters have Caffe's shapes, in the order of Caffe's blobs. `axis` is never negative.
"""
