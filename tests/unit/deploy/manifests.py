"""Kubernetes objects as the tests read and judge them."""

import json
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import yaml

Manifest = dict[str, Any]

VERSIONS = ("1.29", "1.34")  # the first with native side containers, and a recent one
# Of monitoring.coreos.com/v1, as far as it is used here: no schema of it is to be had offline.
_ENDPOINT = {
    *("port", "scheme", "interval", "scrapeTimeout", "honorLabels", "tlsConfig", "basicAuth"),
    *("relabelings", "metricRelabelings"),
}
_GROUP = {"name", "interval", "limit", "labels", "rules"}
_RULE = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
_WITH_A_POD = ("Deployment", "StatefulSet")


def documents(text: str) -> list[Manifest]:
    return [each for each in yaml.safe_load_all(text) if each]


def named(objects: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (
        each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name
    )
    return found


def of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] in kinds]


def validate(manifest: Manifest) -> None:
    """Whether Kubernetes, or the Prometheus operator, takes every field of it."""
    if manifest["apiVersion"] == "monitoring.coreos.com/v1":
        assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
        _check_monitoring(manifest["kind"], manifest["spec"])
        return
    for version in VERSIONS:
        kubernetes_validate.validate(json.loads(json.dumps(manifest)), version, strict=True)


def _check_monitoring(kind: str, spec: Manifest) -> None:
    if kind == "ServiceMonitor":
        assert spec.keys() == {"selector", "endpoints"}
        assert [each for each in spec["endpoints"] if not each.keys() <= _ENDPOINT] == []
        return
    assert kind == "PrometheusRule"
    assert spec.keys() == {"groups"}
    for group in spec["groups"]:
        assert group.keys() <= _GROUP
        for rule in group["rules"]:
            assert rule.keys() <= _RULE
            assert isinstance(rule["expr"], str)
            assert ("alert" in rule) is not ("record" in rule)


def pods(objects: list[Manifest]) -> Iterator[Manifest]:
    """Metadata and specification of every pod that there would be."""
    yield from (each["spec"]["template"] for each in of_kind(objects, *_WITH_A_POD))
    yield from of_kind(objects, "Pod")


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]


def check_restricted(pod: Manifest, *, token: bool = False) -> None:
    """The Pod Security Standard `restricted`, with limits; a token only where it may be."""
    for container in containers(pod):
        context = pod["spec"].get("securityContext", {}) | container["securityContext"]
        assert context["runAsNonRoot"] is True
        assert context["runAsUser"] > 0
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]
        image = container["image"]
        assert "@sha256:" in image or image.rpartition(":")[2][0].isdigit()
    assert pod["spec"]["automountServiceAccountToken"] in (False, token)


def check_found_by(monitor: Manifest, objects: list[Manifest]) -> set[str]:
    """Names of the Services that a ServiceMonitor selects; each leads to an open port of a pod."""
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [
        each for each in of_kind(objects, "Service") if wanted <= each["metadata"]["labels"].items()
    ]
    for service in services:
        (port,) = service["spec"]["ports"]
        assert port["name"] == monitor["spec"]["endpoints"][0]["port"]
        selector = service["spec"]["selector"].items()
        (pod,) = (pod for pod in pods(objects) if selector <= pod["metadata"]["labels"].items())
        open_ports = {each["name"] for one in containers(pod) for each in one.get("ports", ())}
        assert port["targetPort"] in open_ports
    return {each["metadata"]["name"] for each in services}
