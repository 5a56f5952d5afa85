"""Golden files: the expected bytes of built files, kept in tests/golden.

`pytest --update-golden` writes them anew; review the diff before you commit it.
"""

from pathlib import Path

from obs.artifacts import Files, drift
from obs.folder import Folder

GOLDEN = Path(__file__).parent / "golden"


def differences(files: Files, folder: str, *, update: bool) -> str:
    """A unified diff from the golden files in the folder to these; empty if they are the same.

    With `update` the folder is made to hold these files, so that there is none.
    """
    root = GOLDEN / folder
    committed = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    if update:
        Folder(root).write(files)
        for path in committed - files.keys():
            (root / path).unlink()
        committed &= files.keys()
    extra = [f"{root / path}: is not built any more" for path in sorted(committed - files.keys())]
    return "\n".join([*drift(root, {"golden": files}), *extra])
