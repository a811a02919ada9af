"""The commands as functions: what `caffetools export`, `draw`, `train` and others do."""
