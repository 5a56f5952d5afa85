"""Having Prometheus or Alertmanager read its files again."""

from obs.clients.http import without_user
from obs.clients.rest import Refused, Rest
from obs.errors import BadInput, SourceError


def reload(rest: Rest) -> None:
    """Returns once it has.

    Raises SourceError where it does not accept what the files say, and BadInput where it was
    started so that it cannot be asked.
    """
    try:
        rest.send("POST", "/-/reload")
    except Refused as error:
        if error.status == 403 and "ifecycle" in str(error):
            where = without_user(rest.url)
            raise BadInput(
                f"{where} does not allow reloads; start it with --web.enable-lifecycle"
            ) from None
        if error.status == 500:
            said = f"{error}; see its log. The previous files were restored"
            raise SourceError("http_status", said) from None
        raise
