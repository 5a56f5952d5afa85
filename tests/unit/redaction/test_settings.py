"""A plan shows what another owner configured, without their secrets."""

import pytest

from obs.redaction.settings import without_settings
from obs.stacks.plan import diff


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("-  routing_key: 0123456789abcdef", "-  routing_key: …"),
        ("-    - service_key: 'abc'", "-    - service_key: …"),
        ('  "password": "two words",', '  "password": …'),
        (" smtp_auth_password: hunter2", " smtp_auth_password: …"),
        ("-  api_url: https://hooks.slack.com/services/T0/B0/xyz1xyz2xyz3xyz4xyz5", None),
        ("-  url: https://hook/Xk83pQzw71Tt0aYbbR5q", "-  url: https://hook/…"),
        ("-  url: https://hook/?token=abc", "-  url: https://hook/"),
        ("+  routing_key_file: /etc/key", "+  routing_key_file: /etc/key"),
        ("-  api_url: <secret>", "-  api_url: <secret>"),
        ("   password: <secret>", "   password: <secret>"),
        ("   summary: 'a token: b'", "   summary: 'a token: b'"),
        (
            "   dashboard_url: http://grafana/d/obs-oms",
            "   dashboard_url: http://grafana/d/obs-oms",
        ),
    ],
)
def test_the_value_of_a_secret_setting_is_not_shown(line: str, shown: str | None) -> None:
    if shown is None:
        assert "xyz" not in without_settings(line)
    else:
        assert without_settings(line) == shown


def test_the_plan_for_a_foreign_configuration_has_none_of_its_secrets() -> None:
    there = {"receivers": [{"name": "a", "pagerduty_configs": [{"routing_key": "0123456789ab"}]}]}
    wanted = {"receivers": [{"name": "a", "pagerduty_configs": [{"routing_key_file": "/key"}]}]}
    lines = "\n".join(diff(there, wanted))
    assert "0123456789ab" not in lines
    assert "routing_key: …" in lines
    assert "routing_key_file: '/key'" in lines
