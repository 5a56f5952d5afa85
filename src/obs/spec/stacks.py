"""The stacks that rules and dashboards are applied to: where they are, and how to sign in."""

from typing import Annotated

from pydantic import Field, model_validator

from obs.spec.model import HttpUrl, Matching, Model, wrong
from obs.spec.quantity import Duration
from obs.spec.secret import InFile, InVariable
from obs.spec.tls import Tls

RolePattern = Matching(
    r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
    "a role's ARN, for example arn:aws:iam::123456789012:role/deploy",
)


class Reached(Model):
    """A system with an HTTP API."""

    url: HttpUrl
    """Its address, with the path below which it answers."""
    token: InVariable | None = None
    """Bearer token, only as ${VARIABLE}: a literal token is refused."""
    token_file: InFile | None = None
    """File with the bearer token."""
    user: str | None = None
    """User of basic authentication."""
    password: InVariable | None = None
    """Only as ${VARIABLE}: a literal password is refused."""
    password_file: InFile | None = None
    """File with the user's password."""
    tls: Tls | None = None
    """TLS towards it."""
    timeout: Annotated[Duration, Field(gt=0)] = 30.0
    """How long a request may take."""

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> "Reached":
        for name in ("token", "password"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise wrong(f"given beside {name}; write one of the two", f"{name}_file")
        password = self.password or self.password_file
        if (self.user is None) != (password is None):
            raise wrong("user and password go together", "user" if self.user else "password")
        if self.user and (self.token or self.token_file):
            raise wrong("signs in with user and token; keep one of them")
        return self


class PrometheusStack(Reached):
    """A Prometheus that reads rule files from a folder of this machine."""

    rules_dir: str
    """Folder of the rule files; Prometheus has DIR/*.yaml among its rule_files."""
    recording: bool = False
    """Whether it evaluates the SLOs as well, by recording rules."""


class AlertmanagerStack(Reached):
    """An Alertmanager whose configuration is a file of this machine."""

    config_file: str
    """The file that Alertmanager was started with."""


class MimirStack(Reached):
    """A ruler with the API of Mimir and Cortex."""

    tenant: str | None = None
    """Sent as X-Scope-OrgID; nothing where left out."""
    path: Annotated[
        str, Matching(r"^(/[A-Za-z0-9_.-]+)+$", "a path, for example /prometheus/config/v1/rules")
    ] = "/prometheus/config/v1/rules"
    """Where the ruler's API is below the address; Cortex has it at /api/v1/rules."""
    recording: bool = False
    """Whether it evaluates the SLOs as well, by recording rules."""


class GrafanaStack(Reached):
    """A Grafana whose organisation is that of the token."""


class AmpStack(Model):
    """A workspace of Amazon Managed Service for Prometheus."""

    workspace: Annotated[
        str, Matching(r"^ws-[0-9A-Za-z-]+$", "a workspace's id, for example ws-1a2b3c4d-5e6f")
    ]
    """The workspace's id."""
    region: Annotated[
        str, Matching(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, for example us-east-1")
    ]
    """Its region."""
    profile: str | None = None
    """A profile of the AWS configuration files; AWS's usual order where left out."""
    role_arn: Annotated[str, RolePattern] | None = None
    """A role to assume."""
    endpoint_url: HttpUrl | None = None
    """Another endpoint than AWS's own, for tests and emulators."""
    recording: bool = False
    """Whether it evaluates the SLOs as well, by recording rules."""


class CloudWatchStack(Model):
    """Who writes alarms; as whom the collector reads where left out."""

    profile: str | None = None
    """A profile of the AWS configuration files."""
    role_arn: Annotated[str, RolePattern] | None = None
    """A role to assume."""


class Stacks(Model):
    """What `obs alerts apply` and `obs dashboards apply` change, by its kind."""

    prometheus: PrometheusStack | None = None
    """Rule files, and Prometheus that reads them."""
    alertmanager: AlertmanagerStack | None = None
    """Alertmanager's configuration."""
    mimir: MimirStack | None = None
    """A ruler of Mimir or Cortex."""
    amp: AmpStack | None = None
    """Amazon Managed Service for Prometheus."""
    grafana: GrafanaStack | None = None
    """Grafana's own rules, and its dashboards."""
    cloudwatch: CloudWatchStack = CloudWatchStack()
    """CloudWatch of every AWS source."""
