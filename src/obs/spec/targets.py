"""What rules and dashboards need to know of the systems that they are built for."""

from typing import Annotated

from pydantic import Field

from obs.spec.model import Matching, Model
from obs.spec.quantity import NotBoolean

_KUBERNETES_NAME = Matching(
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "a Kubernetes name: small letters, digits and -"
)
_GRAFANA_UID = Matching(r"^[A-Za-z0-9_-]{1,40}$", "a uid of Grafana: letters, digits, _ and -")
LabelKey = Annotated[
    str,
    Matching(
        r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$",
        "the name of a Kubernetes label, for example release",
    ),
]
LabelText = Annotated[
    str,
    Matching(
        r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$",
        "the value of a Kubernetes label: letters, digits, _ . and -",
    ),
]


class Grafana(Model):
    """Rules that Grafana evaluates itself."""

    folder: Annotated[str, Field(min_length=1, max_length=189)] | None = None
    """The folder of the rules; the system's name where left out."""
    datasource: Annotated[
        str, Matching(r"^[A-Za-z0-9_-]{1,40}$", "a datasource's uid: letters, digits, _ and -")
    ] = "prometheus"
    """The uid of the Prometheus datasource."""
    org: Annotated[int, Field(ge=1), NotBoolean] = 1
    """The number of the organisation."""


class Operator(Model):
    """PrometheusRule objects for the Prometheus operator."""

    namespace: Annotated[str, _KUBERNETES_NAME] | None = None
    """The namespace; that of whoever applies them where left out."""
    labels: dict[LabelKey, LabelText] = {"prometheus": "k8s", "role": "alert-rules"}
    """What the operator's ruleSelector looks for; a Helm release of kube-prometheus-stack wants
    `release: NAME`."""


class Dashboards(Model):
    """Dashboards, for Grafana itself and for Kubernetes."""

    folder: Annotated[str, Field(min_length=1, max_length=189)] | None = None
    """The folder of the dashboards by its title; the system's name where left out."""
    folder_uid: Annotated[str, _GRAFANA_UID] | None = None
    """The uid of a folder that is there already; one is created where left out."""
    folder_ref: Annotated[str, _KUBERNETES_NAME] | None = None
    """The GrafanaFolder object that stands for the folder, where grafana-operator has one."""
    path: (
        Annotated[str, Matching(r"^/", "an absolute path, as Grafana's machine has it")] | None
    ) = None
    """Where Grafana finds the JSON files; /var/lib/grafana/dashboards/SYSTEM where left out."""
    namespace: Annotated[str, _KUBERNETES_NAME] | None = None
    """The namespace of Kubernetes; that of whoever applies them where left out."""
    labels: dict[LabelKey, LabelText] = {"grafana_dashboard": "1"}
    """What Grafana's sidecar looks for on ConfigMaps."""
    instances: dict[LabelKey, LabelText] = {"dashboards": "grafana"}
    """Labels of the Grafana objects that grafana-operator gives the dashboards to."""


class Targets(Model):
    """What differs between installations of what rules and dashboards are built for."""

    grafana: Grafana = Grafana()
    """Rules that Grafana evaluates."""
    operator: Operator = Operator()
    """Rules for the Prometheus operator."""
    dashboards: Dashboards = Dashboards()
    """Dashboards, and where they go."""
