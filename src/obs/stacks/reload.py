"""Reload Prometheus or Alertmanager."""

from obs.clients.http import without_user
from obs.clients.rest import RequestRejected, Rest
from obs.errors import BadInput, SourceError


def reload(rest: Rest) -> None:
    """Reload, and return once the files are loaded.

    Raises SourceError where the server rejects the files, and BadInput where it was started without
    support for reloads.
    """
    try:
        rest.send("POST", "/-/reload")
    except RequestRejected as error:
        if error.status == 403 and "ifecycle" in str(error):
            where = without_user(rest.url)
            raise BadInput(
                f"{where} does not allow reloads; start it with --web.enable-lifecycle"
            ) from None
        if error.status == 500:
            message = f"{error}; see its log. The previous files were restored"
            raise SourceError("http_status", message) from None
        raise
