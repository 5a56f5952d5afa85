"""Reload Prometheus or Alertmanager."""

from typing import Final

from obs.clients.http import without_user
from obs.clients.rest import RequestRejected, Rest
from obs.errors import BadInput, SourceError

RESTORED: Final = "The previous files were restored"


def reload(rest: Rest, *, changed: bool) -> None:
    """Reload, and return once the files are loaded.

    Raises SourceError where the server rejects the files, and BadInput where it was started without
    support for reloads. `changed`: files were changed before, and are restored after an error.
    """
    try:
        rest.send("POST", "/-/reload")
    except RequestRejected as error:
        if error.status == 403 and "ifecycle" in str(error):
            where = without_user(rest.url)
            locked = f"{where} does not allow reloads; start it with --web.enable-lifecycle"
            if not changed:
                locked += ", or send it SIGHUP now: the files are as wanted, but not what it loaded"
            raise BadInput(locked) from None
        if error.status == 500:
            after = f". {RESTORED}" if changed else ""
            raise SourceError("http_status", f"{error}; see its log{after}") from None
        raise
