"""Python layers of public projects, each registered as `module.layer` in `KINDS`.

They are what a user's own plugin would be: see `caffetools.layers.python_layer`.
"""
