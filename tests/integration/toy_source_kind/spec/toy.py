"""Folders as sources."""

from obs.spec.source import Seconds, SourceSpec


class ToySource(SourceSpec):
    """A folder whose files are counted."""

    words = "toy"

    folder: str
    """The folder."""
    poll: Seconds = 1.0
    """How often the files are counted."""
    timeout: Seconds = 1.0
    """How long counting may take."""

    @property
    def where(self) -> str:
        """The folder."""
        return self.folder
