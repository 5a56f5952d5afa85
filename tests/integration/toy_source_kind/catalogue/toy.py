"""Metrics of folders."""

from obs.catalogue.declare import gauge

PREFIXES = ("toy_",)

FOLDER = ("toy", "folder")

FILES = gauge("toy_folder_files", FOLDER, "Files in the folder.", "files")
