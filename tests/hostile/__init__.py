"""Drills of what a hostile or broken neighbour does to the collector and to commands."""
