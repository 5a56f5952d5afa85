"""Folders, whose files are counted."""
