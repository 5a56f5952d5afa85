import base64
import os
import ssl
from pathlib import Path

import bcrypt
import pytest
import trustme

from obs.errors import BadInput
from obs.web.access import Access
from obs.web.passwords import PasswordChecker


def hashed(password: str, cost: int = 4) -> bytes:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost))


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The hashes that bcrypt checked a password against."""
    checked: list[bytes] = []
    real = bcrypt.checkpw

    def checkpw(password: bytes, against: bytes) -> bool:
        checked.append(against)
        return real(password, against)

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    return checked


async def test_without_users_anyone_may_read() -> None:
    assert await PasswordChecker({}).allows(None)


async def test_the_right_password_is_accepted_and_no_other() -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    assert await checker.allows(basic("alice", "right"))
    assert not await checker.allows(basic("alice", "wrong"))
    assert not await checker.allows(basic("bob", "right"))


async def test_a_password_is_not_accepted_for_another_user_after_it_was_for_one() -> None:
    checker = PasswordChecker({"alice": hashed("hers"), "bob": hashed("his")})
    assert await checker.allows(basic("alice", "hers"))
    assert not await checker.allows(basic("bob", "hers"))


async def test_an_accepted_password_costs_bcrypt_only_once(checks: list[bytes]) -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    for _ in range(5):
        assert await checker.allows(basic("alice", "right"))
    assert len(checks) == 1


async def test_an_unknown_user_costs_as_much_as_the_dearest_known_one(checks: list[bytes]) -> None:
    dear = hashed("b", cost=6)
    checker = PasswordChecker({"alice": hashed("a"), "bob": dear})
    assert not await checker.allows(basic("nobody", "b"))
    assert checks == [dear]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Bearer abc",
        "Basic " + base64.b64encode(b"no-colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic é",
    ],
)
async def test_a_header_without_credentials_is_turned_away(
    header: str | None, checks: list[bytes]
) -> None:
    assert not await PasswordChecker({"alice": hashed("a")}).allows(header)
    assert not checks


async def test_a_password_longer_than_bcrypt_reads_does_not_raise() -> None:
    checker = PasswordChecker({"alice": hashed("x" * 72)})
    assert await checker.allows(basic("alice", "x" * 80))


def test_a_password_is_not_kept_in_clear() -> None:
    checker = PasswordChecker({"alice": hashed("right")})
    assert b"right" not in repr(vars(checker)).encode()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def write_certificate(authority: trustme.CA, folder: Path) -> None:
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")


def touch_later(file: Path) -> None:
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000_000))


TLS = "tls_server_config: {cert_file: server.pem, key_file: server.pem}\n"


def test_a_certificate_makes_a_tls_context(tmp_path: Path, authority: trustme.CA) -> None:
    write_certificate(authority, tmp_path)
    (tmp_path / "web.yml").write_text(TLS)
    tls = Access(tmp_path / "web.yml").tls
    assert tls is not None
    assert tls.minimum_version == ssl.TLSVersion.TLSv1_2
    assert tls.verify_mode == ssl.CERT_NONE


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_text("nonsense")
    (tmp_path / "web.yml").write_text(TLS)
    with pytest.raises(BadInput, match=r"server\.pem: cannot be used as certificate and key"):
        Access(tmp_path / "web.yml")


def test_an_authority_that_is_no_certificate_is_named(
    tmp_path: Path, authority: trustme.CA
) -> None:
    write_certificate(authority, tmp_path)
    (tmp_path / "ca.pem").write_text("nonsense")
    text = TLS.replace("}", ", client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven}")
    (tmp_path / "web.yml").write_text(text)
    with pytest.raises(BadInput, match=r"ca\.pem: cannot be used as client authorities"):
        Access(tmp_path / "web.yml")


async def test_a_changed_password_is_in_force_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users: {{alice: '{hashed('old').decode()}'}}")
    access = Access(file)
    assert await access.allows(basic("alice", "old"), {})
    file.write_text(f"basic_auth_users: {{alice: '{hashed('new').decode()}'}}")
    touch_later(file)
    assert not await access.allows(basic("alice", "old"), {})
    assert await access.allows(basic("alice", "new"), {})


async def test_a_change_that_is_wrong_is_logged_and_leaves_the_old_one_in_force(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users: {{alice: '{hashed('old').decode()}'}}")
    access = Access(file)
    file.write_text("basic_auth_users: {alice: hunter2}")
    touch_later(file)
    assert await access.allows(basic("alice", "old"), {})
    assert not await access.allows(None, {})
    assert "not reloaded" in caplog.text
    assert "hunter2" not in caplog.text
    assert len(caplog.records) == 1


async def test_taking_the_file_away_does_not_open_the_door(tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text(f"basic_auth_users: {{alice: '{hashed('old').decode()}'}}")
    access = Access(file)
    file.unlink()
    assert not await access.allows(None, {})


async def test_only_certificates_with_an_allowed_name_are_let_in(
    tmp_path: Path, authority: trustme.CA
) -> None:
    write_certificate(authority, tmp_path)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    demands = (
        "client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert, "
        "client_allowed_sans: [prometheus.example]"
    )
    (tmp_path / "web.yml").write_text(TLS.replace("}", f", {demands}}}"))
    access = Access(tmp_path / "web.yml")
    allowed = {"subjectAltName": (("DNS", "a.example"), ("DNS", "prometheus.example"))}
    assert await access.allows(None, allowed)
    assert not await access.allows(None, {"subjectAltName": (("DNS", "a.example"),)})
    assert not await access.allows(None, {})
