"""`eventwire types`: what a user types, reads and gets wrong."""

import json
from pathlib import Path

import pytest

from pipeline.cli.main import run
from pipeline.events import own_fit

OWN = Path(__file__).resolve().parents[1] / "events" / "own"
AWARD = OWN / "product.award.yaml"


def test_without_a_folder_it_asks_for_one(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENTWIRE_TYPES", raising=False)
    for words in (["add", str(AWARD)], ["list"], ["remove", "product.award"]):
        assert run(["types", *words]) == 2
        error = capfd.readouterr().err
        assert "EVENTWIRE_TYPES" in error
        assert error.count("\n") == 1


def test_mistakes_are_told_before_the_model_is_loaded(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.types._learning", lambda settings: pytest.fail("the model was loaded"))
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("type: product.award\n")
    for words in (["add", str(wrong)], ["add", str(tmp_path / "no.yaml")], ["add", str(AWARD), str(AWARD)]):
        assert run(["types", *words, "--types", str(tmp_path / "t")]) == 2
        error = capfd.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
    assert run(["types", "test", str(wrong)]) == 2
    assert run(["types", "remove", "product.award", "--types", str(tmp_path)]) == 2
    assert "no own type" in capfd.readouterr().err


def test_an_empty_folder_has_no_types(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["types", "list", "--types", str(tmp_path)]) == 0
    assert "no types" in capfd.readouterr().out


@pytest.mark.model
def test_add_list_test_find_remove(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fifth of the background is enough to see that everything fits together, and five times as fast.
    small = tmp_path / "background.jsonl"
    small.write_text("".join(own_fit.PATH.read_text("utf-8").splitlines(keepends=True)[::5]), "utf-8")
    whole = own_fit.read_background
    monkeypatch.setattr(own_fit, "read_background", lambda read: whole(read, small))
    folder = tmp_path / "types"
    monkeypatch.setenv("EVENTWIRE_TYPES", str(folder))
    assert run(["types", "add", str(AWARD)]) == 0
    assert "of 10 examples found when left out" in capfd.readouterr().out
    assert run(["types", "list", "--json"]) == 0
    (row,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert (row["type"], row["languages"], row["examples"]) == ("product.award", ["de", "en"], 10)
    article = tmp_path / "a.txt"
    article.write_text(
        "Letras en Oviedo\n\nLa escritora Nuria Valdés ganó el martes el premio Faro de narrativa. El acto se celebró "
        "en el teatro de la ciudad, donde hacía mucho calor, y duró unas dos horas. Después hubo música en la plaza.\n"
    )
    assert run(["types", "test", str(AWARD), str(article)]) == 0
    out = capfd.readouterr().out
    assert "Nuria Valdés ganó" in out
    assert "1 found" in out
    assert run(["explain", str(article), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    (event,) = (e for e in found["article"]["events"] if e["type"] == "product.award")
    assert (event["type"], event["class"], event["article"]["language"]) == ("product.award", "product", "es")
    assert any(p["role"] == "winner" and p["text"] for p in event["participants"])
    assert run(["types", "remove", "product.award"]) == 0
    assert run(["types", "list"]) == 0
    assert "no types" in capfd.readouterr().out
