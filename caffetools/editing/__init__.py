"""Edit nets: messages and weights together, verified by the exact modules."""
