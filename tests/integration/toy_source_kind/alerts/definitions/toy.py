"""Alerts on folders."""

from obs.alerts.alert import About, Alert, Severity
from obs.alerts.conditions import Above
from obs.catalogue import toy

FOLDER = About("folder", toy.FOLDER)

ALERTS = (
    Alert(
        "ToyFolderFull",
        Severity.CRITICAL,
        FOLDER,
        Above(toy.FILES, 100, "files"),
        60,
        "A folder has too many files.",
        "Folder {folder} has {value} files (threshold {threshold}).",
        "A hundred files are more than anybody reads.",
        "collector/sources",
    ),
    Alert(
        "ToyFolderFilling",
        Severity.WARNING,
        FOLDER,
        Above(toy.FILES, 50, "files"),
        60,
        "A folder has many files.",
        "Folder {folder} has {value} files (threshold {threshold}).",
        "Fifty files are many.",
        "collector/sources",
    ),
)
