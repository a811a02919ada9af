"""Layer types: one file a kind of layer, one class a type, with shapes, parameters and cost."""
