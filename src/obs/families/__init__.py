"""Snapshots and verdicts as families of samples of catalogue metrics. No I/O, no history."""
