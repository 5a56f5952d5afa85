"""What becomes of personal data in payloads and log records, where a service uses obs.privacy."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from obs.spec.model import Model, wrong
from obs.spec.secret import InFile, InVariable

PrivacyStrategy = Literal["log", "block", "anonymise", "encrypt"]
PrivacyPattern = Literal[
    "private_key",
    "url_password",
    "token",
    "aws_access_key",
    "aws_secret_key",
    "email",
    "card",
    "ssn",
    "phone",
    "ip",
]
PrivacyName = Literal[
    "password",
    "key",
    "secret",
    "person_name",
    "birth_date",
    "postal_address",
    "person_number",
]
FieldName = Annotated[str, Field(min_length=1, max_length=100)]
FieldPath = Annotated[str, Field(min_length=1, max_length=500, examples=["data.items[].email"])]
DataKey = Annotated[str, Field(min_length=1, max_length=10_000)]


class PrivacySettings(Model):
    """What `obs.privacy.from_spec` and `obs privacy` do with personal data and secrets."""

    strategy: PrivacyStrategy | None = None
    """What becomes of a payload (default: log in development, anonymise in staging, else block)."""
    key: InVariable | None = None
    """Key of pseudonyms and encryption, one a line, the current one first."""
    key_file: InFile | None = None
    """File with the key, as in `key`."""
    kms_data_keys: tuple[DataKey, ...] = ()
    """Data keys that AWS KMS has encrypted, in base64, the current one first."""
    kms_context: dict[FieldName, str] = {}
    """Encryption context of the data keys."""
    fields: tuple[FieldName, ...] = ()
    """Names of further fields whose values are personal."""
    allow: tuple[FieldPath, ...] = ()
    """Paths of fields that are left alone; `*` is a part of a name, `[]` any place in a list."""
    leave: tuple[PrivacyPattern | PrivacyName, ...] = ()
    """Kinds that are not looked for."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        given = [self.key is not None, self.key_file is not None, bool(self.kms_data_keys)]
        if sum(given) > 1:
            raise wrong("write one of key, key_file and kms_data_keys")
        return self
