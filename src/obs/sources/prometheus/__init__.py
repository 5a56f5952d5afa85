"""Prometheus-compatible servers: what the SLIs count there, minute by minute."""
