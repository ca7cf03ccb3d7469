import pytest

from pipeline.encoder import Model
from pipeline.encoder.files import MODELS
from pipeline.encoder.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.load(MODELS / "base" / "vocabulary.npz")


@pytest.fixture(scope="session")
def model() -> Model:
    return Model.load()
