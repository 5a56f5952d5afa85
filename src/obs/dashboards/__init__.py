"""Grafana dashboards of a system, built from the catalogue, its spec and its tuned alerts."""
