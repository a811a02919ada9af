"""Export a net as a PyTorch module: the text of `model.py`, its weights, and their verification.

The stages, each a value that the next one reads:

net
    An inferred `Net`, or one for each phase.
emitted layers
    `emitted_layers`: each layer with the PyTorch expressions that `torch.emit` gives for it, in the
    order of one module that serves one phase or both. `fold` merges BatchNorm and Scale.
module description
    `assembly` gives everything a Python name: a `ModuleSpec` lists the members, the statements of
    `forward` and the keys of the parameters, as data (`module_spec`, `names`, `in_place`).
text
    `model_code` writes the file, with `model_class` for the class, `expressions` and `pretty` for
    its code, and `helpers` for the definitions of `torch.runtime` that it needs.
files
    `export` adds weights, labels and preprocessing (`state_dict`, `preprocess`); `onnx_file` writes
    ONNX. `loaded_module` runs the module in this process, and `verification` compares its blobs.
"""
