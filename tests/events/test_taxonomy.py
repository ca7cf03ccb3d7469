"""The taxonomy is data: the shipped file holds what the topics promise, and a wrong file says where it is wrong."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.events.taxonomy import read_taxonomy, taxonomy


def test_twelve_classes_and_fifty_three_types() -> None:
    types = taxonomy()
    assert len(types.classes) == 12
    assert len(types.types) == 53
    assert types["deal.acquisition"].roles == ("acquirer", "target", "price")
    assert types["deal.acquisition"].event_class == "deal"


def test_every_class_has_a_topic() -> None:
    folder = Path(__file__).parents[2] / "topics"
    topics = {path.stem.removeprefix("news.events.") for path in folder.glob("news.events.*.yaml")}
    assert topics == set(taxonomy().classes)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("types: [", "is not YAML"),
        ("types: []", "needs a list `types`"),
        ("- a", "needs a list `types`"),
        ("types: [{type: Deal, definition: x, roles: [a]}]", "entry 1: `type` must look like class.type"),
        ("types: [{type: a.b, roles: [a]}]", "entry 1: a.b has no `definition`"),
        ("types: [{type: a.b, definition: x, roles: [a, a]}]", "a.b needs a list `roles`"),
        ("types: [{type: a.b, definition: x, roles: []}]", "a.b needs a list `roles`"),
        (
            "types: [{type: a.b, definition: x, roles: [r]}, {type: a.b, definition: y, roles: [r]}]",
            "entry 2: a.b is there twice",
        ),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "types.yaml"
    path.write_text(content)
    with pytest.raises(SettingsError, match=complaint) as error:
        read_taxonomy(path)
    assert "types.yaml" in str(error.value)


def test_a_missing_file() -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        read_taxonomy(Path("nowhere.yaml"))
