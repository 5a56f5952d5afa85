"""Every metric obs knows, each declared once.

Rules, panels, docs and tests refer to these objects. Nothing here reads or computes a value.
"""

from obs.catalogue import aws, nats, own, slo
from obs.catalogue.metric import Metric

ALL: tuple[Metric, ...] = (*nats.ALL, *aws.ALL, *slo.ALL, *own.ALL)
BY_NAME: dict[str, Metric] = {metric.name: metric for metric in ALL}

__all__ = ["ALL", "BY_NAME", "Metric"]
