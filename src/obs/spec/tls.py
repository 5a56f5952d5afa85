"""TLS settings of connections that obs opens."""

from pydantic import model_validator

from obs.spec.model import LocalFile, Model, wrong


class Tls(Model):
    """TLS settings: trusted certificate authorities and a client certificate."""

    ca_file: LocalFile | None = None
    """Certificates of trusted authorities, PEM (default: those of the system)."""
    cert_file: LocalFile | None = None
    """Client certificate, PEM."""
    key_file: LocalFile | None = None
    """Key of the client certificate, PEM."""

    @model_validator(mode="after")
    def _certificate_and_key(self) -> "Tls":
        if self.cert_file and not self.key_file:
            raise wrong("a certificate requires its key; add key_file", "cert_file")
        if self.key_file and not self.cert_file:
            raise wrong("a key requires its certificate; add cert_file", "key_file")
        return self
