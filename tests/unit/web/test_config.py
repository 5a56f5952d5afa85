import ssl
from pathlib import Path

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.errors import BadInput
from obs.web.config import WebConfig, parse, read

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    for name in ("cert.pem", "key.pem", "ca.pem"):
        (tmp_path / name).write_text("x")
    return tmp_path / "web.yml"


def problems(text: str, file: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        parse(text, file)
    return [line.removeprefix(f"{file}") for line in str(caught.value).splitlines()]


def test_an_empty_file_requires_nothing(file: Path) -> None:
    assert parse("", file) == WebConfig()


def test_paths_are_relative_to_the_file(file: Path) -> None:
    tls = parse("tls_server_config: {cert_file: cert.pem, key_file: key.pem}", file).tls
    assert tls is not None
    assert tls.cert_file == file.parent / "cert.pem"
    assert (tls.min_version, tls.client_auth) == (ssl.TLSVersion.TLSv1_2, ssl.CERT_NONE)


def test_a_complete_file_is_read(file: Path) -> None:
    file.write_text(
        f"""
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.example]
  min_version: TLS13
http_server_config:
  http2: true
  headers:
    X-Frame-Options: sameorigin
basic_auth_users:
  alice: {HASH}
"""
    )
    config = read(file)
    assert config.tls is not None
    assert config.tls.client_auth == ssl.CERT_REQUIRED
    assert config.tls.client_names == ("prometheus.example",)
    assert config.tls.min_version == ssl.TLSVersion.TLSv1_3
    assert config.headers == {"X-Frame-Options": "sameorigin"}
    assert config.users == {"alice": HASH.encode()}


def test_every_problem_is_reported_with_its_line(file: Path) -> None:
    text = """tls_server_config:
  cert_file: absent.pem
  keyfile: key.pem
  client_auth_type: Sometimes
basic_auth_users:
  alice: hunter2
http_server_config:
  headers:
    Server: mine
rate_limit: {}
"""
    found = problems(text, file)
    assert [line.split(":")[1] for line in found] == ["10", "3", "2", "2", "4", "6", "9"]
    assert "did you mean key_file?" in found[1]
    assert "no such file" in found[2]
    assert "tls_server_config.key_file: missing" in found[3]
    assert "RequireAndVerifyClientCert" in found[4]


def test_a_password_written_in_clear_is_not_repeated_in_the_message(file: Path) -> None:
    (line,) = problems("basic_auth_users: {alice: hunter2}", file)
    assert "not a bcrypt hash" in line
    assert "hunter2" not in line


@pytest.mark.parametrize(
    "hashed",
    [HASH[:-1], HASH + "x", HASH.replace("$04$", "$99$"), "$2b$04$"],
    ids=["a character short", "a character long", "impossible cost", "no hash"],
)
def test_a_damaged_hash_is_refused(hashed: str, file: Path) -> None:
    assert "bcrypt" in problems(f"basic_auth_users: {{alice: '{hashed}'}}", file)[0]


@pytest.mark.parametrize("version", ["2a", "2b", "2y"])
def test_hashes_of_every_usual_tool_are_taken(version: str, file: Path) -> None:
    hashed = HASH.replace("$2b$", f"${version}$")
    assert parse(f"basic_auth_users: {{alice: '{hashed}'}}", file).users


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("client_auth_type: RequireAndVerifyClientCert", "must be set together"),
        ("client_ca_file: ca.pem", "must be set together"),
        ("client_allowed_sans: [a]", "needs client_auth_type"),
        ("client_allowed_sans: a", "must be a list"),
        ("cipher_suites: []", "not supported"),
        ("client_auth_type: RequireAnyClientCert", "must be one of"),
        ("{min_version: TLS13, max_version: TLS12}", "min_version is above max_version"),
        ("cert_file: cert.pem", "duplicate; first on line 2"),
    ],
)
def test_what_would_weaken_protection_is_refused(fields: str, expected: str, file: Path) -> None:
    fields = fields.strip("{}").replace(", ", "\n  ") if "{" in fields else fields
    text = f"tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n  {fields}\n"
    found = problems(text, file)
    assert [line for line in found if expected in line], found


def test_a_duplicate_user_is_named_with_both_lines(file: Path) -> None:
    text = f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n"
    assert problems(text, file) == [":3: basic_auth_users.a: duplicate; first on line 2"]


def test_a_header_that_could_split_the_answer_is_refused(file: Path) -> None:
    text = 'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a"}}'
    assert "one line" in problems(text, file)[0]


def test_broken_yaml_names_the_line(file: Path) -> None:
    assert problems("a: 1\nb: [", file)[0].startswith(":2: is not valid YAML")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        "{a: " * 5_000 + "}" * 5_000,
        "- " * 100_000,
        "basic_auth_users:\n a: " + "[" * 300 + "]" * 300,
        "? " + "[" * 300 + "]" * 300 + "\n: x",
        "\n".join(" " * level + "a:" for level in range(500)),
    ],
    ids=range(7),
)
def test_a_text_that_is_nested_without_end_is_one_clear_line(text: str, file: Path) -> None:
    (found,) = problems(text, file)
    assert found.endswith("nested deeper than 50 levels; write it flatter")


def test_aliases_that_multiply_cost_nothing(file: Path) -> None:
    bomb = "\n".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10) if level else 'x'}]"
        for level in range(40)
    )
    assert problems(bomb, file) == [":5: holds more than 20 000 values; split it"]


def test_of_a_file_of_another_kind_the_first_problems_are_told(file: Path) -> None:
    found = problems("\n".join(f"field-{number}: x" for number in range(5_000)), file)
    assert found[0].startswith(":1: field-0: not supported")
    assert found[100:] == [": 4900 more problems"]


def test_a_file_that_is_too_large_or_never_ends_is_refused(file: Path) -> None:
    file.write_text("#" * 300_000)
    with pytest.raises(BadInput, match="larger than 256 KiB"):
        read(file)
    with pytest.raises(BadInput, match="not a regular file"):
        read(Path("/dev/zero"))


@pytest.mark.parametrize(("cost", "accepted"), [(4, True), (14, True), (15, False), (31, False)])
def test_a_hash_that_would_take_seconds_to_check_is_refused(
    cost: int, accepted: bool, file: Path
) -> None:
    text = f"basic_auth_users: {{a: '$2b${cost:02}${HASH[7:]}'}}"
    if accepted:
        assert parse(text, file).users
    else:
        expected = f":1: basic_auth_users.a: bcrypt cost {cost} takes too long to check"
        assert problems(text, file)[0].startswith(expected)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"web\.yml: cannot be read: No such file"):
        read(tmp_path / "web.yml")


@given(st.text(max_size=200))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    refused = ""
    try:
        config = parse(text, Path("web.yml"))
    except BadInput as refusal:
        refused = str(refusal)
    assert refused.startswith("web.yml") if refused else config == WebConfig()
