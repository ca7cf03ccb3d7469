"""spaCy's side: packages of others instead of our model, and our pipeline in projects of others."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline.entities import SPACY
from pipeline.entities.packages import load_packages
from pipeline.entities.stage import TagEntities
from pipeline.errors import SettingsError
from pipeline.records import EntitiesArticle
from pipeline.settings import Settings, load_settings
from tests.entities.fake_model import FakeModel, article

PACKAGE = "fr_core_news_sm"
TEXT = "Emmanuel Macron a rencontré Angela Merkel à Berlin le 3 mars 2020 pour 5 millions d'euros."


def need(there: object, what: str) -> None:
    """Skip without a part, fail where CI says that all parts are there."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is not installed here")


def tagged(stage: TagEntities, text: str, language: str) -> EntitiesArticle:
    (found,) = stage.run([article(text, language)])
    assert isinstance(found, EntitiesArticle)
    return found


def test_a_real_package_replaces_the_model_of_its_language() -> None:
    need(find_spec(PACKAGE), PACKAGE)
    settings = load_settings({"EVENTWIRE_MODELS_FR": PACKAGE})
    packages = load_packages(settings.models)
    stage = TagEntities(FakeModel({"Macron": "MISC", "Siemens": "ORG"}), packages)  # type: ignore[arg-type]
    found = tagged(stage, TEXT, "fr")
    names = {(entity.text, entity.label) for entity in found.entities}
    assert {("Emmanuel Macron", "PER"), ("Angela Merkel", "PER"), ("Berlin", "LOC")} <= names
    assert [one.date for one in found.dates] == ["2020-03-03"]
    assert [one.value for one in found.amounts] == ["5000000"]
    assert re.fullmatch(rf"{PACKAGE}@3\.8\.\d+\+[0-9a-f]{{12}}", found.models.entities or "")
    lines = tagged(stage, "Macron reçoit Merkel\n\nEmmanuel Macron a reçu Angela Merkel à Paris.", "fr")
    assert not [entity for entity in lines.entities if "\n" in entity.text]
    assert [entity.text for entity in lines.entities if entity.text.startswith("Emm")] == ["Emmanuel Macron"]
    again = TagEntities(FakeModel({}), load_packages(settings.models))  # type: ignore[arg-type]
    assert tagged(again, "Siemens grandit.", "fr").models == found.models
    assert tagged(again, TEXT, "fr") == found  # whatever it read before
    other = tagged(stage, "Siemens wächst.", "de")
    assert [entity.text for entity in other.entities] == ["Siemens"]
    assert (other.models.entities or "").startswith("eventwire-entities@")


def test_a_language_can_go_through_rules_only_and_its_record_says_so() -> None:
    stage = TagEntities(FakeModel({"Siemens": "ORG"}), load_packages((("de", "none"),)))  # type: ignore[arg-type]
    found = tagged(stage, "Siemens zahlt 5 Euro.", "de")
    assert (found.entities, len(found.amounts)) == ((), 1)
    assert (found.models.entities or "").startswith("eventwire-entities-rules@")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("de_core_news_lg", "no spaCy package of this name is installed"),
        ("json", "no spaCy package of this name is installed"),
        ("../models", "no spaCy package of this name is installed"),
        ("os.path", "no spaCy package of this name is installed"),
    ],
)
def test_what_is_no_package_is_told(name: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        load_packages((("de", name),))
    assert f"EVENTWIRE_MODELS_DE={name}" in str(caught.value)


def test_a_package_without_names_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import spacy

    folder = tmp_path / "empty_model"
    folder.mkdir()
    spacy.blank("de").to_disk(folder / "inner")
    (folder / "meta.json").write_text('{"lang": "de", "name": "model", "version": "1.0.0"}')
    load = "from pathlib import Path\nimport spacy\n\n\ndef load(**overrides):\n"
    (folder / "__init__.py").write_text(
        load + "    return spacy.load(Path(__file__).parent / 'inner', exclude=overrides.get('exclude', ()))\n"
    )
    info = tmp_path / "empty_model-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: empty_model\nVersion: 1.0.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SettingsError, match="finds no persons, organisations or places"):
        load_packages((("de", "empty_model"),))


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("EVENTWIRE_MODELS_GERMAN", "x", "is no language"),
        ("EVENTWIRE_MODELS_", "x", "is no language"),
        ("EVENTWIRE_MODELS_DE", " ", "is empty"),
        ("EVENTWIRE_MODELS", "x", "there is no such setting"),
    ],
)
def test_bad_settings(variable: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load_settings({variable: value})


def test_settings_of_several_languages() -> None:
    settings = load_settings({"EVENTWIRE_MODELS_FR": "b", "EVENTWIRE_MODELS_DE": "a"})
    assert settings == Settings(models=(("de", "a"), ("fr", "b")))
    assert settings.describe()["models"] == "de=a,fr=b"


LOAD = """
import sys, spacy
nlp = spacy.load(sys.argv[1], config={"nlp.lang": "de"})
assert "pipeline.entities.tag" in sys.modules  # through the entry points: this script doesn't import us
doc = nlp("Siemens zahlt 5 Mio. Euro. Das Geld kommt am 3. März 2026 in Berlin an.")
note = doc.user_data["eventwire"]
print([sent.text for sent in doc.sents])
print([(one.value, one.unit) for one in note.amounts], [one.date for one in note.dates])
print([(ent.text, ent.label_) for ent in doc.ents])
"""


@pytest.mark.model
def test_our_pipeline_loads_in_a_project_of_others(tmp_path: Path) -> None:
    names = {found.name for found in entry_points(group="spacy_factories")}
    need("eventwire_ner" in names, "the entry point spacy_factories: eventwire_ner")
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(SPACY)], capture_output=True, text=True, cwd=tmp_path, timeout=120
    )
    assert done.returncode == 0, done.stderr
    sentences, rules, entities = done.stdout.splitlines()
    assert sentences == "['Siemens zahlt 5 Mio. Euro.', 'Das Geld kommt am 3. März 2026 in Berlin an.']"
    assert rules == "[('5000000', 'EUR')] ['2026-03-03']"
    assert "('Siemens', 'ORG')" in entities
    assert "('Berlin', 'LOC')" in entities
