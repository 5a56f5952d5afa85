"""An AlertmanagerConfig object for the Prometheus operator: routes, receivers and inhibition rules
beside those of others. Its secrets are Kubernetes Secrets instead of files.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from obs.alerts.alert import TunedAlert
from obs.alerts.routing import NO_RECEIVER, Leg, inhibitions, legs, of_system
from obs.alerts.writers.alertmanager import interval, receiver_configs
from obs.alerts.writers.operator import object_name
from obs.catalogue.query import Matcher
from obs.errors import BadInput
from obs.spec.notify import Notify
from obs.spec.quantity import format_duration
from obs.spec.system import System

KubernetesObject = dict[str, Any]

HEAD: Final = """\
# The Alertmanager object has to select this, with alertmanagerConfigSelector, and to leave its
# matchers as they are: alertmanagerConfigMatcherStrategy: {type: None}. The alerts have no label
# `namespace`, by which it selects otherwise.
"""
_MOUNTED: Final = "/etc/alertmanager/secrets"
_NAMES: Final = {
    "api_url_file": "apiURL",
    "require_tls": "requireTLS",
    "topic_arn": "topicARN",
    "url_file": "urlSecret",
}
"""Fields whose names are not those of Alertmanager in another case."""
_PAIRS: Final = frozenset(("details", "headers"))


def alertmanager_config(
    alerts: Sequence[TunedAlert], system: System, notify: Notify
) -> KubernetesObject:
    """The object. Raises BadInput where it cannot express what the spec says."""
    ways = legs(notify)
    fallback = notify.routes.warning.to[0]
    hours = sorted({name for leg in ways for name in leg.quiet})
    for name in hours:
        if (zone := notify.quiet_hours[name].timezone) != "UTC":
            raise BadInput(
                f"notify.quiet_hours.{name}: an AlertmanagerConfig has no time zones, and this has "
                f"{zone}; write hours in UTC for --target operator-alertmanager"
            )
    name = object_name(system, "alertmanager")
    metadata: KubernetesObject = {"name": name}
    if system.targets.operator.namespace:
        metadata["namespace"] = system.targets.operator.namespace
    if system.targets.operator.labels:
        metadata["labels"] = dict(sorted(system.targets.operator.labels.items()))
    used = sorted({fallback, *(leg.receiver for leg in ways)})
    spec: KubernetesObject = {
        "route": {
            "receiver": fallback,
            "groupBy": list(dict.fromkeys(notify.group_by)),
            "matchers": _matchers(of_system(system)),
            "routes": [_route(leg) for leg in ways],
        },
        "inhibitRules": [
            {
                "sourceMatch": _matchers(rule.source),
                "targetMatch": _matchers(rule.target),
                "equal": list(rule.same),
            }
            for rule in inhibitions(alerts, system)
        ],
        "receivers": [_receiver(each, notify, name) for each in used],
    }
    if hours:
        spec["muteTimeIntervals"] = [
            _renamed(interval(each, notify.quiet_hours[each]), name) for each in hours
        ]
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": metadata,
        "spec": spec,
    }


def _route(leg: Leg) -> KubernetesObject:
    return {
        "receiver": leg.receiver,
        "matchers": _matchers(leg.matchers),
        **({"groupBy": list(leg.group_by)} if leg.own_groups else {}),
        "groupWait": format_duration(leg.wait),
        "groupInterval": format_duration(leg.interval),
        "repeatInterval": format_duration(leg.repeat),
        **({"muteTimeIntervals": list(leg.quiet)} if leg.quiet else {}),
        **({"continue": True} if leg.more else {}),
    }


def _matchers(matchers: Sequence[Matcher]) -> list[dict[str, str]]:
    return [
        {"name": label, "matchType": operator, "value": value}
        for label, operator, value in matchers
    ]


def _receiver(name: str, notify: Notify, secret: str) -> KubernetesObject:
    configs = {} if name == NO_RECEIVER else receiver_configs(notify.receivers[name])
    renamed: KubernetesObject = _renamed(configs, secret)
    return {"name": name, **renamed}


def _renamed(value: Any, secret: str) -> Any:
    """Alertmanager's configuration with the object's names of fields; files become Secrets."""
    if isinstance(value, Mapping):
        return {_name(key): _field(key, below, secret) for key, below in value.items()}
    return [_renamed(each, secret) for each in value] if isinstance(value, list) else value


def _field(key: str, value: Any, secret: str) -> Any:
    if key.endswith("_file"):
        return _secret(value, secret)
    if key in _PAIRS:
        return [{"key": name, "value": text} for name, text in value.items()]
    return _renamed(value, secret)


def _name(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    return re.sub(r"_(.)", lambda found: found[1].upper(), key.removesuffix("_file"))


def _secret(file: str, own: str) -> dict[str, str]:
    """The Secret that has the file's content.

    The operator mounts Secrets at /etc/alertmanager/secrets/NAME/KEY; any other file is a key of
    the Secret that has the object's name.
    """
    path = PurePosixPath(file)
    mounted = str(path.parent.parent) == _MOUNTED
    return {"name": path.parent.name if mounted else own, "key": path.name}
