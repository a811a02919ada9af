"""Nets: reading, shapes, parameters, costs, and their presentation."""
