"""Checks of what is probed."""
