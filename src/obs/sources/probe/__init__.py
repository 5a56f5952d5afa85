"""Probes: targets that the collector itself asks over HTTP, TCP and TLS."""
