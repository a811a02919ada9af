"""A log compared with the nets that it prints: recomputed, and every difference listed."""
