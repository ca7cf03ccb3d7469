"""What a redriven message carries, and how letters are named and chosen."""

import pytest

from pipeline.broker.redrive import STAGES, Choice, position_of, redriven_output
from pipeline.errors import SettingsError
from pipeline.streams.codec import header
from pipeline.streams.dead_letters import DeadLetter, read_dead_letter
from pipeline.streams.message import Message


def letter(**headers: bytes) -> DeadLetter:
    ours = {
        "ew_stage": b"language",
        "ew_code": b"timeout",
        "ew_error": b"too slow",
        "ew_source_topic": b"news.articles.raw",
        "ew_source_partition": b"4",
        "ew_source_offset": b"17",
        "ew_attempts": b"2",
        "ew_first_seen": b"2026-01-02T12:00:00.000Z",
        "ew_trace": b"news.articles.raw/4/17",
    }
    return read_dead_letter(
        Message(
            topic="news.deadletters.language",
            partition=1,
            offset=9,
            key=b"k",
            value=b"\xff",
            headers=(("ce_id", b"1"), ("mine", b"\x00"), ("mine", b"again"), *({**ours, **headers}).items()),
            timestamp=0,
        )
    )


def test_the_original_and_where_it_was() -> None:
    output = redriven_output(letter())
    assert (output.topic, output.key, output.value) == ("news.articles.raw", b"k", b"\xff")
    assert output.headers == (
        ("ce_id", b"1"),
        ("mine", b"\x00"),
        ("mine", b"again"),
        ("ew_attempts", b"2"),
        ("ew_first_seen", b"2026-01-02T12:00:00.000Z"),
        ("ew_redriven", b"news.deadletters.language/1/9"),
        ("ew_trace", b"news.articles.raw/4/17"),
    )


def test_a_letter_of_a_redriven_message_names_itself_only() -> None:
    output = redriven_output(letter(ew_redriven=b"news.deadletters.language/0/1"))
    assert [value for name, value in output.headers if name == "ew_redriven"] == [b"news.deadletters.language/1/9"]
    assert header(output.headers, "ew_attempts") == "2"


def test_positions() -> None:
    assert position_of("language/0/12") == "news.deadletters.language/0/12"
    assert position_of("news.deadletters.events/3/0") == "news.deadletters.events/3/0"
    assert position_of("r1.news.deadletters.events/3/00", "r1.") == "r1.news.deadletters.events/3/0"
    assert position_of("entities/1/2", "r1.") == "r1.news.deadletters.entities/1/2"
    for wrong in ("", "language", "language/1", "raw/0/1", "language/-1/2", "language/a/b", "news.articles.raw/0/1"):
        with pytest.raises(SettingsError, match="is no dead letter's position"):
            position_of(wrong)


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        (Choice(), True),
        (Choice(codes=frozenset({"timeout", "crash"})), True),
        (Choice(codes=frozenset({"crash"})), False),
        (Choice(partition=1), True),
        (Choice(partition=0), False),
        (Choice(partition=1, offset=9), True),
        (Choice(partition=1, offset=8), False),
        (Choice(positions=frozenset({"news.deadletters.language/1/9"})), True),
        (Choice(positions=frozenset({"news.deadletters.language/1/8"})), False),
    ],
)
def test_choices(choice: Choice, wanted: bool) -> None:
    assert choice.wants(letter()) is wanted
    assert choice.stages == STAGES == ("language", "entities", "events")
