"""Dependencies between packages point one way, as the design draws them."""

import ast
import re
from pathlib import Path

import pytest

import obs
from obs.spec.sources import SOURCE_KINDS

ROOT = Path(obs.__file__).parent

MAY_IMPORT = {
    "redaction": set(),
    "spans": set(),
    "errors": {"redaction"},
    "failure": {"errors", "redaction"},
    "snapshot": {"errors"},
    "catalogue": {"durations"},
    "ids": set(),
    "durations": set(),
    "extras": {"errors"},
    "files": set(),
    "yaml_syntax": set(),
    "bounded_json": set(),
    "bounded_yaml": {"yaml_syntax"},
    "difference": set(),
    "privacy": {"bounded_json", "errors", "extras", "files", "redaction", "spec"},
    "folder": {"errors", "files"},
    "artifacts": {"files", "difference", "errors", "folder"},
    "lag": set(),
    "logs": {"redaction"},
    "slo": {"durations"},
    "slis": {"catalogue", "errors", "lag", "slo", "snapshot", "spec"},
    "spec": {"errors", "catalogue", "durations", "files", "ids", "redaction", "yaml_syntax"},
    "families": {"errors", "catalogue", "snapshot", "lag", "slo", "spans", "spec"},
    "clients": {
        *("bounded_json", "catalogue", "errors", "failure", "files", "redaction", "spans", "spec"),
    },
    "lease": {"clients", "errors", "extras", "failure", "redaction", "spec"},
    "state": {"errors", "state_file"},
    "state_file": set(),
    "sources": {
        *("errors", "extras", "catalogue", "clients", "families", "lag", "slis", "slo"),
        *("redaction", "snapshot", "spec", "state", "web"),
    },
    "sinks": {"errors", "catalogue", "clients", "families", "redaction", "spans", "spec"},
    "state_copy": {"errors", "state", "state_file"},
    "state_export": {"errors", "state"},
    "state_folders": {"errors", "state"},
    "packs": {"alerts", "catalogue", "errors", "spec"},
    "own_packs": {"alerts", "catalogue", "files", "packs", "spec"},
    "slo_report": {"catalogue", "clients", "errors", "folder", "redaction", "slo", "spec", "web"},
    "web": {"bounded_yaml", "errors"},
    "collector": {
        *("extras", "failure", "logs", "redaction"),
        *("catalogue", "clients", "errors", "lag", "families", "sinks", "slis", "slo"),
        *("snapshot", "sources", "spans", "spec", "state", "web"),
        *("lease", "state_copy", "state_export"),
    },
    "tracing": set(),
    "sandbox": {
        *("extras", "tracing"),
        *("alerts", "artifacts", "catalogue", "clients", "errors"),
        *("snapshot", "sources", "spec"),
    },
    "alerts": {
        *("artifacts", "catalogue", "errors", "ids", "redaction"),
        *("slis", "slo", "sources", "spec"),
    },
    "alert_stats": {"alerts", "catalogue", "clients", "durations", "errors", "redaction", "spec"},
    "first_spec": {
        *("clients", "durations", "errors", "extras", "snapshot", "sources", "spec"),
    },
    "doctor": {
        *("checks", "errors", "extras", "redaction", "sources", "spec", "state", "state_file"),
        *("lease", "web"),
    },
    "dead_letters": {"clients", "errors", "privacy", "redaction", "sources", "spec"},
    "iam": {"catalogue", "errors", "ids", "sources", "spec"},
    "imports": {
        *("alerts", "artifacts", "bounded_yaml", "catalogue", "durations", "errors", "files"),
        *("ids", "slis", "spec"),
    },
    "checks": {
        *("extras", "spans"),
        *("alerts", "artifacts", "files", "bounded_json", "catalogue", "clients"),
        *("errors", "iam", "ids", "packs", "privacy", "redaction", "slo", "snapshot", "sources"),
        *("spec", "stacks", "web"),
    },
    "dashboards": {
        *("alerts", "artifacts", "catalogue", "errors", "ids", "packs", "slo", "spec"),
    },
    "dashboard_lint": {
        *("alerts", "files", "bounded_json", "bounded_yaml", "catalogue", "dashboards"),
        "difference",
        *("errors", "ids"),
        *("slo", "spec", "yaml_syntax"),
    },
    "dashboard_preview": {"extras", "catalogue", "clients", "dashboards", "errors", "slo", "spec"},
    "cli": {
        *("extras", "failure", "logs", "redaction", "spans"),
        *(
            "checks",
            "alert_stats",
            "alerts",
            "artifacts",
            "catalogue",
            "clients",
            "collector",
            "dashboards",
            "dead_letters",
            "dashboard_lint",
            "dashboard_preview",
            "difference",
            "doctor",
            "errors",
            "first_spec",
            "iam",
            "sandbox",
            "families",
            "folder",
            "imports",
            "lease",
            "own_packs",
            "packs",
            "privacy",
            "sinks",
            "stacks",
        ),
        *("folder", "slo", "slo_report", "snapshot", "sources", "spec", "web"),
        *("state", "state_copy", "state_export", "state_folders"),
    },
    "stacks": {
        "redaction",
        *("alerts", "artifacts", "bounded_yaml", "catalogue", "clients", "dashboards"),
        *("bounded_json", "difference", "errors", "folder", "ids", "spec"),
    },
}


def imported_modules(path: Path) -> set[str]:
    """Full names of the obs modules that a file imports, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in found if name.startswith("obs.")}


def package_of(module: str) -> str:
    return module.split(".")[1]


def files() -> list[Path]:
    return [path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in MAY_IMPORT]


def test_no_package_imports_what_the_design_does_not_let_it() -> None:
    wrong = []
    for path in files():
        package = path.relative_to(ROOT).parts[0].removesuffix(".py")
        allowed = MAY_IMPORT[package] | {package, "__version__"}
        wrong += [
            f"{path.relative_to(ROOT)} imports {module}"
            for module in sorted(imported_modules(path))
            if package_of(module) not in allowed
        ]
    assert wrong == []


def test_modules_do_not_import_each_other_in_circles() -> None:
    graph = {
        ".".join(("obs", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): imported_modules(path)
        for path in ROOT.rglob("*.py")
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module in done:
            return
        for imported in graph[module]:
            if imported in graph and imported != module:
                visit(imported, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_no_module_is_longer_than_400_lines() -> None:
    long = {p.relative_to(ROOT): n for p in files() if (n := len(p.read_text().splitlines())) > 400}
    assert long == {}


def test_the_layer_table_names_every_package() -> None:
    packages = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert packages <= MAY_IMPORT.keys()


KEYS, CLASSES = "|".join(SOURCE_KINDS), "|".join(kind.title() for kind in SOURCE_KINDS)
WORDS = "|".join(set(SOURCE_KINDS) - {"prometheus"})  # also the name of a stack and a target
NAMES_A_KIND = re.compile(
    rf"""["']({WORDS})["']|\b({CLASSES})(Source|Snapshot)\b|"""
    rf"""\bsources\.({KEYS})\b|\bobs\.(checks|iam)\.({KEYS})\b"""
)
GENERAL = ("collector", "web", "cli", "checks", "iam", "alerts")
OF_ONE_PLATFORM = {
    "alerts/explicit_resources.py": "what CloudWatch alarms are made for",
    "alerts/writers/cloudwatch": "CloudWatch alarms",
    "checks/advice.py": "commands of the NATS and AWS command lines",
    "checks/applied.py": "the extra that Amazon Managed Prometheus needs",
    "checks/emitted.py": "texts of CloudWatch alarms",
    "checks/retries.py": "compares the two platforms",
    "cli/alert_test.py": "Amazon SNS",
    "collector/outputs.py": "the extra that the CloudWatch output needs",
    "iam/dead_letters.py": "queues of AWS",
    "iam/identity.py": "who signs in to AWS",
    "iam/operators.py": "roles of AWS",
    "iam/roles.py": "roles of AWS",
    "iam/trust.py": "roles of AWS",
    "iam/workspaces.py": "Amazon Managed Prometheus",
}
"""Modules that name a kind of source because their subject is that platform, and which."""


def rooms(kind: str) -> list[Path]:
    """The modules of a kind of source in the packages that have one for each kind."""
    return [
        path
        for package in ("sources", *GENERAL)
        for pattern in (f"{package}/**/{kind}/**/*.py", f"{package}/**/{kind}.py")
        for path in ROOT.glob(pattern)
    ]


def test_only_the_modules_of_a_kind_of_source_name_it() -> None:
    of_kinds = {path for kind in SOURCE_KINDS for path in rooms(kind)}
    of_kinds |= set(ROOT.glob("alerts/definitions/*.py"))
    naming = {
        path.relative_to(ROOT).as_posix()
        for package in GENERAL
        for path in (ROOT / package).rglob("*.py")
        if path not in of_kinds and NAMES_A_KIND.search(path.read_text())
    }
    found = {
        next((known for known in OF_ONE_PLATFORM if name.startswith(known)), name)
        for name in naming
    }
    assert found == OF_ONE_PLATFORM.keys()


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_kinds_of_source_know_nothing_of_each_other(kind: str) -> None:
    others = "|".join(set(SOURCE_KINDS) - {kind})
    of_another = re.compile(rf"obs\.(sources|checks|iam|spec|families)\.({others})\b")
    assert ROOT / "sources" / kind / "kind.py" in rooms(kind)
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in rooms(kind)
        for module in sorted(imported_modules(path))
        if of_another.match(module)
    ]
    assert wrong == []
