"""A net to the text of a PyTorch module, its weights, and its verification."""
