"""The text of a spec, once it is known that it can be read."""

import tempfile
from pathlib import Path

from obs.spec.load import read_spec


def checked(text: str) -> str:
    """The text. Raises InvalidSpec where it is not a spec: names of others are in it."""
    with tempfile.TemporaryDirectory(prefix="obs-init-") as folder:
        file = Path(folder) / "obs.yaml"
        file.write_text(text, encoding="utf-8")
        read_spec([file], variables={})
    return text
