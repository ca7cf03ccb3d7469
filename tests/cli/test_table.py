import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.cli.table import events_table
from pipeline.cli.terminal import safe
from pipeline.events.taxonomy import taxonomy

EVENT: dict[str, Any] = {
    "type": "deal.acquisition",
    "status": "completed",
    "time": "background",
    "action": "update",
    "participants": [
        {"role": "acquirer", "text": "Der Konzern", "name": "Firma AG"},
        {"role": "target", "text": "[bold]Andere[/bold]"},
    ],
    "amounts": [{"text": "53 Mrd. Dollar"}],
    "evidence": [{"text": "Der Konzern\nkaufte [red]Andere."}, {"text": "wort " * 100}],
    "confidence": 0.876,
    "article": {"id": "a1", "title": "Evil \x1b[2J\x07 title \u202e drawkcab", "language": "de"},
}


def rendered(*events: dict[str, Any], width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    console.print(events_table(events))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_who_did_what() -> None:
    text = rendered(EVENT)
    for part in (
        "deal.acquisition",
        "completed, background",
        "updated",
        "acquirer Firma AG",
        "target [bold]Andere[/bold]",
        "amount 53 Mrd. Dollar",
        "Der Konzern kaufte [red]Andere.",
        "…",
        "0.88",
        " de ",
    ):
        assert part in text


def test_what_an_update_or_a_retraction_is_called() -> None:
    assert "retracted" in rendered({**EVENT, "action": "delete"})
    assert not {"retracted", "updated"} & set(rendered({**EVENT, "action": "add"}).split())
    assert "<U+001B>" in rendered({**EVENT, "action": "\x1b[2J"})


def test_hostile_articles_steer_no_terminal() -> None:
    text = rendered(EVENT)
    assert "<U+001B>[2J<U+0007> title" in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)


def test_half_an_event_is_no_reason_to_fail() -> None:
    assert "?" in rendered({})
    assert "x" in rendered({"type": "x", "article": {"url": "https://x.example"}}, width=40)


def test_every_type_is_shown_whole() -> None:
    for kind in taxonomy().types:
        assert kind in rendered({**EVENT, "type": kind}, width=80)


@given(st.text())
def test_safe_text_is_one_harmless_line(text: str) -> None:
    found = safe(text)
    assert found.isprintable() or any(c in found for c in "\u200c\u200d") or not found
    assert len(safe(text, longest=10).replace("<U+", "")) <= 10 * 8


@pytest.mark.parametrize(
    ("text", "kept"), [("Größe 日本 العربية हिन्दी 👍", True), ("a\u200bb", False), ("a\ud800", False)]
)
def test_scripts_stay(text: str, kept: bool) -> None:
    assert (safe(text) == text) is kept
