"""What holds for all tests."""

from hypothesis import settings

# A busy machine must not fail a test of logic; how long things take is told by tests/bench.
settings.register_profile("no deadlines", deadline=None)
settings.load_profile("no deadlines")
