"""A day of a collector in minutes: does anything grow? `make soak`; tests/integration/test_soak.py
runs the short form."""
