"""Settings of the systems that rules and dashboards are built for."""

from typing import Annotated, Literal

from pydantic import Field

from obs.spec.model import Matching, Model
from obs.spec.quantity import NotBoolean

_KUBERNETES_NAME = Matching(
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "a Kubernetes name: lower-case letters, digits and -"
)
_GRAFANA_UID = Matching(r"^[A-Za-z0-9_-]{1,40}$", "a Grafana UID: letters, digits, _ and -")
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
    """Alert rules that Grafana evaluates."""

    folder: Annotated[str, Field(min_length=1, max_length=189)] | None = None
    """Folder of the rules (default: the system's name)."""
    datasource: Annotated[
        str, Matching(r"^[A-Za-z0-9_-]{1,40}$", "a data source UID: letters, digits, _ and -")
    ] = "prometheus"
    """UID of the Prometheus data source."""
    org: Annotated[int, Field(ge=1, le=2**53), NotBoolean] = 1
    """ID of the organisation."""


class Operator(Model):
    """PrometheusRule objects for the Prometheus operator."""

    namespace: Annotated[str, _KUBERNETES_NAME] | None = None
    """Namespace of the objects (default: that of the kubectl context)."""
    labels: dict[LabelKey, LabelText] = {"prometheus": "k8s", "role": "alert-rules"}
    """Labels that the operator's ruleSelector matches; `release: NAME` for the
    kube-prometheus-stack Helm chart."""


class Dashboards(Model):
    """Dashboards, for Grafana and for Kubernetes."""

    folder: Annotated[str, Field(min_length=1, max_length=189)] | None = None
    """Title of the dashboards' folder (default: the system's name)."""
    folder_uid: Annotated[str, _GRAFANA_UID] | None = None
    """UID of an existing folder (default: a folder is created)."""
    folder_ref: Annotated[str, _KUBERNETES_NAME] | None = None
    """Name of the GrafanaFolder object, for grafana-operator."""
    path: Annotated[str, Matching(r"^/", "an absolute path on the Grafana host")] | None = None
    """Path of the JSON files on the Grafana host (default: /var/lib/grafana/dashboards/SYSTEM)."""
    namespace: Annotated[str, _KUBERNETES_NAME] | None = None
    """Kubernetes namespace (default: that of the kubectl context)."""
    labels: dict[LabelKey, LabelText] = {"grafana_dashboard": "1"}
    """Labels of the ConfigMaps, which Grafana's sidecar matches."""
    instances: dict[LabelKey, LabelText] = {"dashboards": "grafana"}
    """Labels of the Grafana objects to which grafana-operator adds the dashboards."""


class Targets(Model):
    """What rules and dashboards are built for: folders, namespaces, labels, data sources."""

    grafana: Grafana = Grafana.default()
    """Alert rules for Grafana."""
    operator: Operator = Operator.default()
    """Alert rules for the Prometheus operator."""
    dashboards: Dashboards = Dashboards.default()
    """Dashboards for Grafana."""
    slo_names: tuple[Literal["pyrra", "sloth"], ...] = ()
    """Tools whose names the rules record each SLO under too, so that dashboards made for them go
    on: `slo:sli_error:ratio_rate5m`, `pyrra_availability`. Not beside rules of the tool itself."""
