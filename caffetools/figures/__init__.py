"""Curves of logs as figures: what `plot`, `report` and notebooks share."""
