"""Caffe's training on PyTorch: solvers, data layers, snapshots, log.

`caffetools train` uses it, and an export with a solver can have a copy. So its files import only
the standard library, PyTorch, NumPy, each other, and those of `formats`, `proto`, `errors` and
`writing` that they read and write files with.
"""
