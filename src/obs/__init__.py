"""Observability for event-driven systems: one spec, a collector, dashboards and alerts."""

__version__ = "0.1.0"
