"""High availability: several collectors of one spec, of which one at a time spends and pushes."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from obs.spec.aws import AwsSource
from obs.spec.model import HttpUrl, LocalFile, Matching, Model, Name, wrong
from obs.spec.named_sources import NamesSources
from obs.spec.nats import NatsSource
from obs.spec.nats_place import NatsBucket
from obs.spec.quantity import Duration, within

_SERVICE_ACCOUNT: Final = "/var/run/secrets/kubernetes.io/serviceaccount"

ObjectName = Annotated[
    str,
    Field(max_length=200),
    Matching(
        r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        "the name of a Kubernetes object: lower-case letters, digits, - and .",
    ),
]


class KubernetesLease(Model):
    """A Lease object (coordination.k8s.io/v1), reached with the pod's service account."""

    name: ObjectName = "obs"
    """Name of the Lease; each spec and environment needs one of its own."""
    namespace: ObjectName | None = None
    """Namespace (default: that of the service account)."""
    url: HttpUrl = "https://kubernetes.default.svc"
    """Address of the API server."""
    token_file: LocalFile = f"{_SERVICE_ACCOUNT}/token"
    """Token of the service account, read anew for each request."""
    ca_file: LocalFile = f"{_SERVICE_ACCOUNT}/ca.crt"
    """Certificate authority of the API server."""
    namespace_file: LocalFile = f"{_SERVICE_ACCOUNT}/namespace"
    """Where the namespace is read from."""

    @property
    def in_words(self) -> str:
        """The place, for people."""
        return f"Kubernetes Lease {self.name}"

    @model_validator(mode="after")
    def _the_token_is_encrypted(self) -> "KubernetesLease":
        if not self.url.startswith("https://"):
            raise wrong("the token needs https://", "url")
        return self


class DynamoDbLease(Model):
    """Items of a DynamoDB table whose partition key is the string `name`."""

    source: Name
    """AWS source whose region and credentials are used."""
    table: Annotated[
        str,
        Field(min_length=3, max_length=255),
        Matching(r"^[A-Za-z0-9_.-]+$", "the name of a DynamoDB table, for example obs-lease"),
    ]
    """Table that exists, with the partition key `name` (String)."""

    @property
    def in_words(self) -> str:
        """The place, for people."""
        return f"DynamoDB table {self.table} of source {self.source}"


class Lease(NamesSources):
    """Where the collectors agree which of them leads: exactly one kind of place."""

    nats: NatsBucket | None = None
    """A key-value bucket of JetStream."""
    kubernetes: KubernetesLease | None = None
    """A Lease object of Kubernetes."""
    dynamodb: DynamoDbLease | None = None
    """Items of a DynamoDB table."""

    @model_validator(mode="after")
    def _one_place(self) -> "Lease":
        kinds = type(self).model_fields
        chosen = [name for name in kinds if getattr(self, name) is not None]
        if len(chosen) != 1:
            has = " and ".join(chosen) or "none"
            raise wrong(f"needs exactly one of {', '.join(kinds)}; has {has}")
        return self

    @property
    def kind(self) -> str:
        """Its kind of place."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def in_words(self) -> str:
        """The place, for people."""
        return str(getattr(self, self.kind).in_words)

    def bind(
        self, nats: Mapping[str, NatsSource], aws: Mapping[str, AwsSource]
    ) -> tuple[tuple[str, ...], str] | None:
        """Look up what it names; returns the field and what is wrong there, if anything."""
        if self.nats is not None:
            return self.bind_nats(("nats",), self.nats, nats)
        if self.dynamodb is not None:
            return self.bind_aws(("dynamodb",), self.dynamodb.source, aws)
        return None


class HighAvailability(Model):
    """Several collectors of this spec: one leads, the others stand by.

    The leader polls what costs money, and pushes. All poll what is free, and serve /metrics.
    """

    lease: Lease
    """Where the collectors agree which of them leads."""
    ttl: Annotated[Duration, within("2s", "10m")] = 15.0
    """Time without a renewal after which another collector takes the lease; the leader renews it
    every third of that."""
