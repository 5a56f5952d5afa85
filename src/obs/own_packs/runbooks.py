"""Runbooks in the folder `runbooks` beside a pack's file."""

from pathlib import Path

from obs.files import UnreadableFile, read_file


def runbook_beside(pack: Path, alert: str) -> tuple[str, str]:
    """The text of an alert's runbook, or why there is none."""
    path = pack.parent / "runbooks" / f"{alert}.md"
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnreadableFile as error:
        return "", f"has no runbook: {path} {error}; write it there, or as runbook of the alert"
    except UnicodeDecodeError:
        return "", f"has no runbook: {path} is not UTF-8 text; save it as UTF-8"
    return (text, "") if text.strip() else ("", f"has no runbook: {path} is empty")
