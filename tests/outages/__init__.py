"""What is lost when something around the collector fails, and how long until its numbers are right
again: `make outages`; tests/integration/test_outages.py runs the short ones."""
