"""The stacks to which rules and dashboards are applied: addresses and credentials."""

from typing import Annotated

from pydantic import Field, model_validator

from obs.spec.http_credentials import HttpCredentials
from obs.spec.model import HttpUrl, Matching, Model
from obs.spec.plaintext import check_encrypted
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.regions import Region
from obs.spec.tls import Tls

RolePattern = Matching(
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
    "a role's ARN, for example arn:aws:iam::123456789012:role/deploy",
)


class Reached(HttpCredentials):
    """Address and credentials of an HTTP API."""

    url: HttpUrl
    """Base URL of the API, including a path prefix if it has one."""
    tls: Tls | None = None
    """TLS settings."""
    timeout: Annotated[Duration, within("100ms", "10m")] = 30.0
    """Timeout of a request."""

    @model_validator(mode="after")
    def _credentials_are_encrypted(self) -> "Reached":
        self.check_unread(self.url, "url")
        return self


class PrometheusStack(Reached):
    """A Prometheus server that reads rule files from a folder on this machine."""

    rules_dir: str
    """Folder for rule files; rule_files of Prometheus must contain DIR/*.yaml."""
    recording: bool = False
    """Whether recording rules that evaluate the SLOs are applied too."""


class AlertmanagerStack(Reached):
    """An Alertmanager whose configuration is a file on this machine."""

    config_file: str
    """Path of the configuration file that Alertmanager reads."""


class MimirStack(Reached):
    """A Mimir or Cortex ruler."""

    tenant: str | None = None
    """Tenant, sent as X-Scope-OrgID (default: none)."""
    path: Annotated[
        str, Matching(r"^(/[A-Za-z0-9_.-]+)+$", "a path, for example /prometheus/config/v1/rules")
    ] = "/prometheus/config/v1/rules"
    """Path of the ruler API below the URL; /api/v1/rules for Cortex."""
    recording: bool = False
    """Whether recording rules that evaluate the SLOs are applied too."""
    max_groups: Annotated[int, Field(ge=0, le=1_000_000), NotBoolean] = 70
    """Rule groups that the ruler allows the tenant (its ruler_max_rule_groups_per_tenant); 0: no
    limit."""
    max_rules_per_group: Annotated[int, Field(ge=0, le=1_000_000), NotBoolean] = 20
    """Rules that the ruler allows in a group (its ruler_max_rules_per_rule_group); 0: no limit."""


class GrafanaStack(Reached):
    """A Grafana server; the token determines the organisation."""


class AmpStack(Model):
    """A workspace of Amazon Managed Service for Prometheus."""

    workspace: Annotated[
        str, Matching(r"^ws-[0-9A-Za-z-]+$", "a workspace ID, for example ws-1a2b3c4d-5e6f")
    ]
    """ID of the workspace."""
    region: Region
    """Region of the workspace."""
    profile: str | None = None
    """Profile of the AWS configuration files (default: the AWS credential chain)."""
    role_arn: Annotated[str, RolePattern] | None = None
    """Role to assume."""
    endpoint_url: HttpUrl | None = None
    """Endpoint instead of that of AWS, for tests and emulators."""
    allow_plaintext: bool = False
    """Whether credentials may be sent unencrypted, to an http:// endpoint of another machine."""
    recording: bool = False
    """Whether recording rules that evaluate the SLOs are applied too."""

    @model_validator(mode="after")
    def _credentials_are_encrypted(self) -> "AmpStack":
        if self.endpoint_url is not None:
            what = "signed requests"
            check_encrypted(self.endpoint_url, what, self.allow_plaintext, "endpoint_url")
        return self


class CloudWatchStack(Model):
    """Credentials for writing alarms and dashboards (default: those of the AWS sources)."""

    profile: str | None = None
    """Profile of the AWS configuration files."""
    role_arn: Annotated[str, RolePattern] | None = None
    """Role to assume; for a source with several accounts, the role of this name in each."""


class Stacks(Model):
    """The stacks that `obs alerts apply` and `obs dashboards apply` change."""

    prometheus: PrometheusStack | None = None
    """Prometheus rule files."""
    alertmanager: AlertmanagerStack | None = None
    """The Alertmanager configuration."""
    mimir: MimirStack | None = None
    """Rules of a Mimir or Cortex ruler."""
    amp: AmpStack | None = None
    """Rules of an Amazon Managed Service for Prometheus workspace."""
    grafana: GrafanaStack | None = None
    """Grafana alert rules and dashboards."""
    cloudwatch: CloudWatchStack = CloudWatchStack.default()
    """CloudWatch alarms and dashboards, in the account of each AWS source."""
