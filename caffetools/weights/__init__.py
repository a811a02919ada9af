"""Files of numbers: .caffemodel, .binaryproto and .solverstate, as protobuf or HDF5.

Numbers are views of the file, which is mapped and never read as a whole. NumPy is imported where it
is used: a net inside a `.caffemodel` is read without it.
"""
