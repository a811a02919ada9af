"""One reader and one writer for each file format: weights, snapshots, databases, images."""
