"""Data sets for training, made of images."""
