"""Whether obs can work here: its installation, this machine, and the systems of a spec.

The questions are checks as those of `obs check`, and are run as they are; what a kind of source
needs is in its room there (`obs.checks.KIND.reach`).
"""
