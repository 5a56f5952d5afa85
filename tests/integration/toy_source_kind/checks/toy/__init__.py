"""Checks of folders."""
