import json
import shutil
from pathlib import Path

import pytest

from pipeline.encoder import Model
from pipeline.encoder.files import DEFAULT, MODELS
from pipeline.errors import ModelError

pytestmark = pytest.mark.model


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A model folder to damage; its base files are the shipped ones."""
    return Path(shutil.copytree(MODELS / DEFAULT, tmp_path / "copy"))


def test_a_copy_elsewhere_is_the_same_model(copy: Path) -> None:
    assert Model.load(copy).ref == Model.load().ref


@pytest.mark.parametrize("name", ["encoder.onnx", "heads.npz"])
def test_a_changed_byte_is_noticed(copy: Path, name: str) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name}.*SHA-256.*git checkout"):
        Model.load(copy)


@pytest.mark.parametrize("name", ["encoder.onnx", "heads.npz", "model.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match=rf"{name}.*cannot be read"):
        Model.load(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}', "nonsense"])
def test_a_broken_card_is_named(copy: Path, text: str) -> None:
    (copy / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"model\.json"):
        Model.load(copy)


def test_a_card_of_another_version_is_explained(copy: Path) -> None:
    card = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    del card["roles"]
    (copy / "model.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="roles"):
        Model.load(copy)


def test_changed_thresholds_change_the_digest(copy: Path) -> None:
    card = json.loads((copy / "model.json").read_text(encoding="utf-8"))
    card["thresholds"]["deal.acquisition"] = 0.99
    (copy / "model.json").write_text(json.dumps(card), encoding="utf-8")
    assert Model.load(copy).digest != Model.load().digest
