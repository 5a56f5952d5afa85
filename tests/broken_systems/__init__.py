"""Systems that are broken in one way each, and what obs says of them.

`python -m tests.broken_systems` prints a table; tests/integration/test_broken_systems.py judges it.
"""
