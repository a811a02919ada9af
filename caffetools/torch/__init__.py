"""Nets as PyTorch modules: their code, their weights, and what they may need to run."""
