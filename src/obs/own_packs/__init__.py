"""Packs of the user's own, read from a YAML or a Python file beside the spec."""
