"""Keys come from a file, the environment or AWS KMS, and are shown nowhere."""

import base64
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from obs.errors import BadInput, SourceError
from obs.privacy import Key, key_from_environment, key_from_file, key_from_kms
from obs.redaction.text import redacted

ONE, TWO = Key.new(), Key.new()


def test_a_file_or_a_variable_holds_one_key_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    text = f"{ONE.keys[0]}\n\n{TWO.keys[0]}\n"
    file.write_text(text)
    assert key_from_file(file) == key_from_environment("KEYS", {"KEYS": text})
    assert key_from_file(file).keys == (*ONE.keys, *TWO.keys)


@pytest.mark.parametrize("text", ["hunter2", "c2hvcnQ=", "ä" * 32, "*" * 44])
def test_what_is_no_key_is_refused_without_being_shown(text: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(text)
    with pytest.raises(BadInput, match="openssl rand") as refused:
        key_from_file(file)
    assert text not in str(refused.value)


def test_a_missing_key_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing: cannot be read: No such file"):
        key_from_file(tmp_path / "nothing")
    with pytest.raises(BadInput, match="environment variable KEY is not set"):
        key_from_environment("KEY", {})
    with pytest.raises(BadInput, match="the key is empty"):
        Key(())


def test_a_key_is_shown_nowhere() -> None:
    key = Key(ONE.keys)
    assert ONE.keys[0] not in repr(key) + str(key) + redacted(f"no {ONE.keys[0]}")


def test_kms_decrypts_the_data_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ID", "SECRET"):
        variable = {"ID": "AWS_ACCESS_KEY_ID", "SECRET": "AWS_SECRET_ACCESS_KEY"}[name]
        monkeypatch.setenv(variable, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        kms = boto3.client("kms")
        arn = kms.create_key()["KeyMetadata"]["Arn"]
        made = kms.generate_data_key(
            KeyId=arn, KeySpec="AES_256", EncryptionContext={"service": "oms"}
        )
        sealed = made["CiphertextBlob"]
        as_text = base64.b64encode(sealed).decode()
        key = key_from_kms(sealed, as_text, context={"service": "oms"})
        assert key.keys == (base64.urlsafe_b64encode(made["Plaintext"]).decode(),) * 2
        with pytest.raises(SourceError, match="KMS does not decrypt the key: InvalidCiphertext"):
            key_from_kms(sealed, client=kms, context={"service": "another"})
        with pytest.raises(BadInput, match="not base64"):
            key_from_kms("*", client=kms)
