"""A randomised test of lag: consumers whose outstanding messages are known at every moment.

`python -m tests.truth --help` runs it for as long as wanted; tests/integration/test_truth.py
runs a short form of it.
"""
