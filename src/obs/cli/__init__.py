"""Parses arguments, calls, prints. The one place that exits."""
