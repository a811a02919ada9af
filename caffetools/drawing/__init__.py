"""Pictures of nets: the whole graph, and the stages of which it is made."""
