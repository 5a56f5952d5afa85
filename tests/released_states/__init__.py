"""State files of each released version, as SQL, and what a collector tells that goes on from them.

`python -m tests.released_states` makes that of the version in this checkout, before its release.
"""
