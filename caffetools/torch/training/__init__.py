"""Caffe's training on PyTorch: solvers, data layers, snapshots, log.

Ordinary PyTorch, used by `caffetools train` and tested here as it stands; an export with a solver
gets a copy of this folder. So that this is possible its files import only the standard library,
PyTorch, NumPy, what reads a data source, each other, and `caffetools.errors`, `wire`, `writing`
and `sources.lmdb`.
"""
