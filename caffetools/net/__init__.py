"""A net from its file to its shapes, cost and views: each stage in a file of its own."""
