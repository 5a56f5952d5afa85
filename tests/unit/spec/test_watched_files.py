"""The files whose change a running collector takes up."""

from pathlib import Path

from obs.spec.load import load
from obs.spec.watched_files import digest, watched_files

SPEC = """
version: 1
system: shop
sources:
  nats:
    main:
      monitor: [http://nats:8222]
      monitor_login: {{user: obs, password_file: {folder}/password}}
      connection:
        servers: [tls://nats:4222]
        tls: {{ca_file: {folder}/ca.pem}}
"""


def test_the_spec_itself_secrets_and_certificates(tmp_path: Path) -> None:
    for name in ("password", "ca.pem"):
        (tmp_path / name).write_text("x")
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC.format(folder=tmp_path).replace("http://nats", "https://nats"))
    found = watched_files([tmp_path], load([file], variables={}))
    assert [each.name for each in found] == ["obs.yaml", "ca.pem", "password"]


def test_a_digest_changes_with_any_content_and_with_nothing_else(tmp_path: Path) -> None:
    files = [tmp_path / "a", tmp_path / "b"]
    files[0].write_text("1")
    missing = digest(files)
    files[1].write_text("2")
    first = digest(files)
    assert first != missing
    files[1].touch()
    assert digest(files) == first
    files[0].write_text("12")
    files[1].write_text("")
    assert digest(files) != first
