"""Who may read the web side: TLS and basic auth as the web configuration file says."""

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from obs.errors import BadInput
from obs.web.config import Tls, WebConfig, read
from obs.web.passwords import PasswordChecker

log = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int] | None, ...]


class Access:
    """A web configuration file in force.

    The file and what it names are read again when they change, so that certificates and
    passwords can be rotated; a change that is wrong is logged and the old one stays in force.
    Whether TLS is spoken at all is settled at the start. Raises BadInput when created from a
    file that is wrong.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._config = read(file)
        self._tls = _server_context(self._config.tls)
        self._stamp = _stamp(file, self._config)
        self._checker = PasswordChecker(self._config.users)
        if self._tls is not None:
            self._tls.sni_callback = self._before_handshake

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The context to listen with; None for plain HTTP."""
        return self._tls

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers for every answer."""
        return self._config.headers

    def refresh(self) -> None:
        """Read the files again if they have changed since."""
        stamp = _stamp(self._file, self._config)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            config = read(self._file)
            if (config.tls is None) != (self._tls is None):
                raise BadInput(f"{self._file}: TLS cannot be turned on or off without a restart")
            context = _server_context(config.tls)
        except BadInput as error:
            log.error("web configuration not reloaded, still using the previous one: %s", error)
            return
        self._config, self._checker = config, PasswordChecker(config.users)
        if context is not None:
            context.sni_callback = self._before_handshake
            self._tls = context
        self._stamp = _stamp(self._file, config)

    def _before_handshake(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, used: ssl.SSLContext
    ) -> None:
        self.refresh()
        if self._tls is not None and self._tls is not used:
            connection.context = self._tls

    async def allows(
        self, authorization: str | None, certificate: Mapping[str, Any], address: str = ""
    ) -> bool:
        """Whether a request may be answered.

        `authorization` is its header, `certificate` what ssl's getpeercert says of the client.
        Raises TooManyWrongPasswords where `address` has sent too many wrong ones.
        """
        self.refresh()
        tls = self._config.tls
        if tls is not None and tls.client_names:
            names = {value for _, value in certificate.get("subjectAltName", ())}
            if names.isdisjoint(tls.client_names):
                return False
        return await self._checker.allows(authorization, address)


def _server_context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_RENEGOTIATION  # costs us more than the client that asks for it
    context.minimum_version, context.maximum_version = tls.min_version, tls.max_version
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        files = f"{tls.cert_file} with {tls.key_file}"
        raise BadInput(f"{files}: cannot be used as certificate and key: {_words(error)}") from None
    if tls.client_ca_file is not None:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except (ssl.SSLError, OSError) as error:
            words = f"cannot be used as client authorities: {_words(error)}"
            raise BadInput(f"{tls.client_ca_file}: {words}") from None
    context.verify_mode = tls.client_auth
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal and hang a service.
    raise ValueError("the key is encrypted; keys with a password are not supported")


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not PEM").replace("_", " ").lower()
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _stamp(file: Path, config: WebConfig) -> _Stamp:
    """What changes when one of the files does; None stands for a file that cannot be seen."""
    tls = config.tls
    files = (file, *((tls.cert_file, tls.key_file, tls.client_ca_file) if tls else ()))
    return tuple(_state(path) for path in files if path is not None)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
