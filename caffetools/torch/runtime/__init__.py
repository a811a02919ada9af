"""What an exported model may need where PyTorch has no equal to what Caffe computes.

Ordinary PyTorch, used and tested here as it stands. An export copies the functions and classes
that it uses into its `model.py`, once, with all that they use in their turn. So that this is
possible each file imports only the standard library, PyTorch and other files of this package; names
are unique in the whole package; and nothing runs when a file is imported but definitions,
constants and what is registered with an operator of the file.

Parameters have Caffe's shapes and stand in the order of Caffe's blobs. An `axis` counts from the
front, as the net engine hands it on.
"""
