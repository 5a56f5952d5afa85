"""The settings of a spec, as services and `obs privacy` use them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from obs.privacy.keys import Key, key_from_kms
from obs.privacy.policy import Privacy
from obs.privacy.rules import Rules

if TYPE_CHECKING:
    from obs.spec.system import System


def from_spec(*paths: str | Path, env: str | None = None) -> Privacy:
    """What `privacy` says in the environment `env` of a spec, by default the spec's own.

    Without `privacy.strategy`, the name of the environment decides. The key is read only where the
    strategy needs it. Raises BadInput, SourceError for KMS and MissingExtra.
    """
    system = _loaded([Path(path) for path in paths], env)
    settings = system.privacy
    return Privacy.for_environment(
        system.environment,
        key=key_of(system),
        rules=rules_of(system),
        strategies={system.environment: settings.strategy} if settings.strategy else None,
    )


def rules_of(system: "System") -> Rules:
    """What counts as personal by the spec."""
    settings = system.privacy
    return Rules(frozenset(settings.fields), settings.allow, frozenset(settings.leave))


def key_of(system: "System") -> Callable[[], Key] | None:
    """How to get the key that the spec names; None where it names none."""
    settings = system.privacy
    if settings.kms_data_keys:
        return lambda: key_from_kms(*settings.kms_data_keys, context=settings.kms_context)
    secret = settings.key or settings.key_file
    return None if secret is None else lambda: Key.of_text(secret.reveal())


def _loaded(paths: Sequence[Path], env: str | None) -> "System":
    from obs.spec.load import load  # noqa: PLC0415  models, which payloads do not need

    return load(paths, env=env)
