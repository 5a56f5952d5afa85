"""Settings of the pack of containers."""

from typing import Literal

from obs.spec.pack_settings import PackSettings

Runtime = Literal["docker", "kubernetes"]


class ContainersPack(PackSettings):
    """What the pack of containers reads."""

    runtime: Runtime = "kubernetes"
    """Who runs the containers. kubernetes: metrics of the kubelet, by namespace, pod and container,
    and those of kube-state-metrics. docker: metrics of cAdvisor alone, by instance and name."""


SETTINGS = ContainersPack
