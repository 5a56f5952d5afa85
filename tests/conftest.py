"""What holds for all tests."""

from hypothesis import settings

# A busy machine must not fail a test of logic; how long things take is told by tests/bench. The
# same code has the same verdict each time; `pytest --hypothesis-profile=search` looks further.
settings.register_profile("same each time", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("same each time")
