"""What one item of a source of data is: databases, HDF5 files, images, blobs in binary.

Knows nothing of layers. A file that cannot be what it should be is a CaffeToolsError without a
place, for the caller to set; a library that is missing is an ImportError that names it.
"""
