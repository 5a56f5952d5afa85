from pathlib import Path

import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.session import Session

from obs.clients.aws_models import load_only_what_is_used


def session() -> Session:
    made = Session()
    load_only_what_is_used(made)
    return made


def test_a_service_has_the_models_that_botocore_itself_loads() -> None:
    for kind in ("service-2", "endpoint-rule-set-1"):
        own = session().get_component("data_loader").load_service_model("sqs", kind)
        assert own == Session().get_component("data_loader").load_service_model("sqs", kind)


def test_no_folder_of_another_service_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    real = Path.iterdir

    def iterdir(path: Path):  # type: ignore[no-untyped-def]
        looked.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    session().get_component("data_loader").load_service_model("sqs", "service-2")
    assert set(looked) <= {"data", "models"}


def test_an_unknown_service_is_an_error_as_in_botocore() -> None:
    loader = session().get_component("data_loader")
    with pytest.raises(UnknownServiceError):
        loader.load_service_model("no-such-service", "service-2")
    with pytest.raises(DataNotFoundError):
        loader.load_service_model("sqs", "no-such-type-1")


def test_models_of_the_user_s_own_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "own-service" / "2020-01-01" / "service-2.json"
    model.parent.mkdir(parents=True)
    model.write_text('{"metadata": {}}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    loader = session().get_component("data_loader")
    assert loader.load_service_model("own-service", "service-2") == {"metadata": {}}
