"""Checks of Prometheus-compatible servers."""
