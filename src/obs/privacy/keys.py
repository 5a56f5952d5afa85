"""The key of pseudonyms and of encryption: from a file, the environment or AWS KMS.

A file or variable holds one key a line, the current one first; the others still decrypt. A key is
32 bytes in URL-safe base64, as Fernet has them.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from obs.errors import BadInput, SourceError
from obs.extras import require_extra
from obs.files import UnreadableFile, read_file
from obs.redaction.known import KNOWN

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

_LENGTH: Final = 32  # bytes
_MAKE: Final = "make one with `openssl rand -base64 32 | tr '+/' '-_'`"
_PURPOSE: Final = b"obs.privacy: pseudonyms"
"""So that no pseudonym is made with the very key that encrypts."""


@dataclass(frozen=True, repr=False)
class Key:
    """Keys of one purpose, the current one first. Is shown nowhere: neither by repr nor in a log.

    Raises BadInput unless each is one.
    """

    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise BadInput(f"privacy: the key is empty; {_MAKE}")
        for number, key in enumerate(self.keys, 1):
            KNOWN.add(key)
            if len(_decoded(key)) != _LENGTH:
                raise BadInput(
                    f"privacy: key {number} is not {_LENGTH} bytes in URL-safe base64; {_MAKE}"
                )

    def __repr__(self) -> str:
        return f"Key({len(self.keys)} keys)"

    @classmethod
    def of_text(cls, text: str) -> "Key":
        """The keys in a text, one a line."""
        return cls(tuple(line.strip() for line in text.splitlines() if line.strip()))

    @classmethod
    def new(cls) -> "Key":
        """A new random key, for tests and for the first start."""
        return cls((base64.urlsafe_b64encode(os.urandom(_LENGTH)).decode(),))

    def digest(self, kind: str, value: str) -> bytes:
        """The same for the same kind and value: HMAC-SHA256 with the current key."""
        own = hmac.digest(_decoded(self.keys[0]), _PURPOSE, hashlib.sha256)
        said = f"{kind}\0{value}".encode(errors="surrogatepass")
        return hmac.digest(own, said, hashlib.sha256)

    def fernet(self) -> "MultiFernet":
        """Encrypts with the current key, decrypts with each. Raises MissingExtra."""
        require_extra("privacy", "encryption of personal data")
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415  of an extra

        return MultiFernet([Fernet(key) for key in self.keys])


def key_from_file(path: str | Path) -> Key:
    """The keys in a file. Raises BadInput."""
    try:
        return Key.of_text(read_file(Path(path)).decode("ascii"))
    except UnreadableFile as error:
        raise BadInput(f"{path}: {error}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path}: holds no key; {_MAKE}") from None


def key_from_environment(name: str, variables: Mapping[str, str] | None = None) -> Key:
    """The keys in an environment variable. Raises BadInput."""
    value = (os.environ if variables is None else variables).get(name, "")
    if not value.strip():
        raise BadInput(f"environment variable {name} is not set; it must contain a key: {_MAKE}")
    return Key.of_text(value)


def key_from_kms(
    *encrypted: bytes | str,
    client: Any = None,
    context: Mapping[str, str] | None = None,
) -> Key:
    """Data keys that AWS KMS has encrypted, the current one first: bytes, or text in base64.

    `aws kms generate-data-key-without-plaintext --key-spec AES_256` makes one; needs the right
    kms:Decrypt. `client` is boto3's, by default one for the environment's region and credentials;
    `context` is the encryption context. Raises BadInput, SourceError and MissingExtra.
    """
    require_extra("aws", "a key from AWS KMS")
    import boto3  # noqa: PLC0415  of an extra
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        kms = client or boto3.client("kms")
        plain = [
            kms.decrypt(CiphertextBlob=_blob(each), EncryptionContext=dict(context or {}))
            for each in encrypted
        ]
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise SourceError("auth", f"AWS KMS does not decrypt the key: {code}") from None
    except BotoCoreError as error:
        raise SourceError("unavailable", f"AWS KMS: {type(error).__name__}") from None
    return Key(tuple(base64.urlsafe_b64encode(each["Plaintext"]).decode() for each in plain))


def _blob(encrypted: bytes | str) -> bytes:
    if isinstance(encrypted, bytes):
        return encrypted
    try:
        return base64.b64decode(encrypted, validate=True)
    except binascii.Error:
        raise BadInput("privacy: the encrypted key is not base64") from None


def _decoded(key: str) -> bytes:
    try:
        return base64.b64decode(key, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
