"""Whether the targets of probes answer: the check of `obs check`."""

from obs.checks.probe.catalogue import CHECKS as REACH

__all__ = ["REACH"]
