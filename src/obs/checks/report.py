"""Results as JUnit XML, which CI systems show: one suite per check, one case per resource."""

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from obs.checks.finding import CheckFinding, CheckResult, Outcome


def junit(system: str, results: Sequence[CheckResult]) -> str:
    """A document of the form that Jenkins' and Ant's schemas agree on.

    A warning is a case that passes, its text in system-out.
    """
    root = Xml.Element("testsuites", _numbers(f"obs check {system}", results))
    for result in results:
        suite = Xml.SubElement(root, "testsuite", _numbers(result.check, [result]))
        for finding in result.findings:
            _add_case(suite, result.check, finding)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=True)


def _add_case(suite: Xml.Element, check: str, finding: CheckFinding) -> None:
    name = _printable(finding.resource)
    case = Xml.SubElement(suite, "testcase", {"classname": check, "name": name})
    text = _printable("\n".join(filter(None, (finding.what, finding.advice))))
    if finding.outcome is Outcome.FAILED:
        Xml.SubElement(case, "failure", {"message": _printable(finding.what)}).text = text
    elif finding.outcome is Outcome.SKIPPED:
        Xml.SubElement(case, "skipped", {"message": _printable(finding.what)})
    else:
        Xml.SubElement(case, "system-out").text = text


def _numbers(name: str, results: Sequence[CheckResult]) -> dict[str, str]:
    outcomes = [finding.outcome for result in results for finding in result.findings]
    return {
        "name": name,
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.FAILED)),
        "errors": "0",
        "skipped": str(outcomes.count(Outcome.SKIPPED)),
    }


def _printable(text: str) -> str:
    """XML 1.0 has no control characters but tab and line ends."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
