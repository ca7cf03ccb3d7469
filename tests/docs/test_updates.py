"""The subscriber of docs/updates.md is short, and right whatever comes: duplicates, late messages, returns."""

import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = Path(__file__).resolve().parents[2] / "docs" / "updates.md"


def subscriber() -> dict[str, Any]:
    """The names that the program on the page defines."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "subscriber"}
    exec(compile(program, "docs/updates.md", "exec"), names)
    return names


def message(name: str, second: int, action: str) -> dict[str, str]:
    return {"event_id": name, "ingested_at": f"2026-01-01T00:00:{second:02}.000Z", "action": action}


actions = st.sampled_from(["add", "update", "delete"])
words = st.lists(st.tuples(st.sampled_from("abc"), actions), max_size=20).map(
    lambda told: [message(name, second, action) for second, (name, action) in enumerate(told)]
)


@settings(deadline=None)
@given(words, st.data())
def test_any_order_and_any_repetition_give_the_last_word(told: list[dict[str, str]], choose: st.DataObject) -> None:
    names = subscriber()
    repeats = choose.draw(st.lists(st.sampled_from(told), max_size=10)) if told else []
    for event in choose.draw(st.permutations([*told, *repeats])):
        names["take"](event)
    last = {event["event_id"]: event for event in told}
    expected = [event for event in last.values() if event["action"] != "delete"]
    assert sorted(names["standing"](), key=str) == sorted(expected, key=str)


def test_it_is_short() -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len([line for line in program.splitlines() if line.strip()]) <= 16
