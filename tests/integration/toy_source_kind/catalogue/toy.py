"""Metrics of folders."""

from obs.catalogue.metric import Kind, Metric

FOLDER = ("toy", "folder")

FILES = Metric("toy_folder_files", Kind.GAUGE, "Files in the folder.", FOLDER, "files")
