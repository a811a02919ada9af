"""What Caffe's other verbs do with a net: test it, time it, classify images, give features."""
