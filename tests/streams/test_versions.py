"""Versions of an article: whatever order and however often they come, the events of the newest one stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InvalidInput
from pipeline.settings import Settings
from pipeline.streams import encode
from pipeline.streams.codec import header
from pipeline.streams.message import Message, Outcome, Output
from pipeline.streams.processor import Processor
from pipeline.streams.versions import CLASSIFIED, Version, closing, done_before, read_version, revise, revised
from tests.fake_stages import NOON, fake_steps, message, noon, raw

PROCESSOR = Processor(fake_steps(), Settings(), clock=noon)


def article(text: str = "", *, offset: int, arrived: int = 0, **fields: Any) -> Message:
    """A raw message of the article a1. `arrived`: seconds after an hour that all have in common."""
    return replace(raw(text, offset=offset, id="a1", **fields), timestamp=1_700_000_000_000 + 1000 * arrived)


class Topics:
    """What stands on the topics when messages come one after the other."""

    def __init__(self) -> None:
        self.classified: list[Version] = []
        self.events: list[Output] = []

    def take(self, *messages: Message) -> Outcome:
        for one in messages:
            outcome = PROCESSOR.process(one)
            if any(done_before(outcome, version) for version in self.classified):
                continue
            standing = [version for version in self.classified if not version.superseded]
            outcome = revise(outcome, standing[-1] if standing else None)
            for output in outcome.outputs:
                if output.topic.startswith("news.events."):
                    self.events.append(output)
            self.classified.append(version_of(outcome))
        return outcome

    @property
    def told(self) -> list[tuple[str, str]]:
        """Action and trigger's place of every event message."""
        return [(event["action"], event["trigger"]["start"]) for event in map(data, self.events)]


def version_of(outcome: Outcome) -> Version:
    last = closing(outcome)
    assert last is not None
    version = read_version(last)
    assert version is not None
    return version


def data(output: Output | Message) -> Any:
    return orjson.loads(output.value or b"")


def live(events: Iterable[Output]) -> dict[str, Any]:
    """As docs/updates.md tells a subscriber to keep it."""
    known: dict[str, Any] = {}
    for event in map(data, events):
        old = known.get(event["event_id"])
        if old is None or old["ingested_at"] <= event["ingested_at"]:
            known[event["event_id"]] = event
    return {name: bare(event) for name, event in known.items() if event["action"] != "delete"}


def bare(event: dict[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in event.items() if name not in ("action", *encode.OF_THIS_RUN)}


def test_the_first_version_is_as_it_was() -> None:
    outcome = PROCESSOR.process(article("x KAUFT y KAUFT", offset=1))
    assert revise(outcome, None) is outcome
    assert "revision" not in data(outcome.outputs[-1])


def test_an_update_retracts_changes_adds_and_keeps() -> None:
    topics = Topics()
    topics.take(article("F KAUFT   KAUFT", offset=1))
    outcome = topics.take(article("F KAUFT KAUFT", offset=2, action="update", arrived=1))
    assert topics.told == [("add", 2), ("add", 10), ("delete", 10), ("add", 8)]
    first, second = topics.events[1:3]
    assert bare(data(first)) == bare(data(second)), "a retraction has the content that the event had"
    assert first.key == second.key
    assert (data(second)["trace"], data(second)["ingested_at"]) == ("news.articles.raw/3/2", "2023-11-14T22:13:21.000Z")
    assert (outcome.events, outcome.retracted) == (1, 1)
    record = topics.classified[-1].record
    assert [event["action"] for event in record["events"]] == ["add", "add"]
    assert record["revision"]["unchanged"] == [record["events"][0]["event_id"]]
    assert [event["event_id"] for event in record["revision"]["retracted"]] == [data(second)["event_id"]]

    topics.take(
        article("F KAUFT KAUFT", offset=3, title="F", arrived=2)
    )  # an add of a known article; offsets move by 3
    topics.take(article("F KAUFT KAUFT", offset=4, title="G", arrived=3))  # the title is part of the event
    assert topics.told[4:] == [("delete", 2), ("delete", 8), ("add", 5), ("add", 11), ("update", 5), ("update", 11)]


def test_a_deletion_retracts_everything_and_an_add_brings_it_back_as_another_message() -> None:
    topics = Topics()
    topics.take(article("F KAUFT", offset=1), article(offset=2, action="delete", arrived=1))
    assert topics.told == [("add", 2), ("delete", 2)]
    assert topics.classified[-1].record["revision"]["retracted"][0]["action"] == "delete"
    topics.take(article(offset=3, action="delete", arrived=2))  # once more: nothing is left to retract
    topics.take(article("F KAUFT", offset=4, arrived=3))
    assert topics.told == [("add", 2), ("delete", 2), ("add", 2)]
    ids = [header(event.headers, "ce_id") for event in topics.events]
    assert len(set(ids)) == 3, "whoever drops repeated ids must not drop the return"


def test_a_deletion_of_what_nobody_knows_is_a_record_and_nothing_else() -> None:
    topics = Topics()
    outcome = topics.take(article(offset=1, action="delete"))
    assert (topics.told, outcome.result) == ([], "classified")


def test_the_same_article_sent_again_says_nothing_new() -> None:
    topics = Topics()
    topics.take(article("F KAUFT", offset=1), article("F KAUFT", offset=2, arrived=5))
    assert topics.told == [("add", 2)]
    assert len(topics.classified) == 2
    assert topics.classified[1].record["revision"] == {
        "unchanged": [topics.classified[0].record["events"][0]["event_id"]],
        "retracted": [],
    }


def test_the_same_raw_message_again_writes_nothing() -> None:
    topics = Topics()
    first, second = article("F KAUFT", offset=1), article("F KAUFT KAUFT", offset=2, action="update", arrived=1)
    topics.take(first, second)
    before = list(topics.events)
    topics.take(first, second, first)
    assert topics.events == before
    assert len(topics.classified) == 2


def test_the_same_raw_message_read_by_other_models_is_compared() -> None:
    topics = Topics()
    message = article("F KAUFT", offset=1)
    topics.take(message)
    outcome = PROCESSOR.process(message)
    record = data(outcome.outputs[-1]) | {"models": {"language": "fake@2+0123abcd"}, "events": []}
    last = replace(outcome.outputs[-1], value=orjson.dumps(record))
    outcome = replace(outcome, outputs=(*outcome.outputs[:-1], last))
    assert not done_before(outcome, topics.classified[0])
    again = revise(outcome, topics.classified[0])
    assert [data(output)["action"] for output in again.outputs if "events" in output.topic] == ["delete"]


def test_a_late_older_version_changes_nothing() -> None:
    topics = Topics()
    topics.take(
        article("F KAUFT", offset=1, fetched_at="2023-11-14T12:00:00.000Z"),
        article(offset=2, action="delete", fetched_at="2023-11-14T14:00:00.000Z", arrived=1),
    )
    outcome = topics.take(article("F KAUFT KAUFT", offset=3, fetched_at="2023-11-14T13:00:00+00:00", arrived=2))
    assert topics.told == [("add", 2), ("delete", 2)]
    record = topics.classified[-1].record
    assert record["revision"] == {"superseded": True, "unchanged": [], "retracted": []}
    assert len(record["events"]) == 2, "what it would have said stays readable"
    assert (outcome.events, outcome.retracted, len(outcome.outputs)) == (0, 0, 3)


def test_a_clock_in_the_future_does_not_shut_out_what_comes_later() -> None:
    topics = Topics()
    topics.take(
        article("F KAUFT", offset=1, fetched_at="2090-01-01T00:00:00.000Z"),
        article(offset=2, action="delete", arrived=1),
    )
    assert topics.told == [("add", 2), ("delete", 2)]


def test_events_never_go_back_in_time_and_the_order_of_versions_stays_that_of_their_arrival() -> None:
    topics = Topics()
    topics.take(
        article("F KAUFT", offset=1, fetched_at="2023-11-14T22:00:00.000Z", arrived=9),
        article("F  KAUFT", offset=2, fetched_at="2023-11-14T22:10:00.000Z", arrived=1),
        article("F   KAUFT", offset=3, fetched_at="2023-11-14T22:10:00.000Z", arrived=1),
    )
    assert topics.told == [("add", 2), ("delete", 2), ("add", 3), ("delete", 3), ("add", 4)]
    assert {data(event)["ingested_at"] for event in topics.events} == {"2023-11-14T22:13:29.000Z"}
    records = [version.record for version in topics.classified]
    assert [record["ingested_at"][-7:] for record in records] == ["29.000Z", "21.000Z", "21.000Z"]
    assert [record.get("revision", {}).get("told_at") for record in records] == [
        None,
        *["2023-11-14T22:13:29.000Z"] * 2,
    ]


@pytest.mark.parametrize("fetched", ["2016-12-31T23:59:60Z", "", None])
def test_a_fetching_time_that_can_not_be_read_is_none(fetched: str | None) -> None:
    def version(**record: Any) -> Version:
        return Version(record={"ingested_at": "2023-11-14T12:00:00.000Z", **record}, trace="t/0/1", id="")

    assert not version(fetched_at=fetched).older_than(version())
    assert not version().older_than(version(fetched_at=fetched))


def test_equal_times_are_decided_by_the_place_and_of_two_files_by_the_order_of_reading() -> None:
    def version(trace: str) -> Version:
        return Version(record={"ingested_at": "2023-11-14T12:00:00.000Z"}, trace=trace, id="")

    assert version("a/b.jsonl/0/2").older_than(version("a/b.jsonl/0/10"))
    assert version("topic/2/99").older_than(version("topic/10/1"))
    assert not version("a/b.jsonl/0/10").older_than(version("a/b.jsonl/0/2"))
    assert not version("a.jsonl/0/1").older_than(version("b.jsonl/0/9"))
    assert not version("b.jsonl/0/1").older_than(version("a.jsonl/0/9"))
    assert not version("nonsense").older_than(version("nonsense"))


def test_what_is_too_long_with_its_retractions_is_a_dead_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = Topics()
    topics.take(article("F KAUFT", offset=1))
    monkeypatch.setattr(encode, "_ENVELOPE_BYTES", (1 << 20) - 500)  # 500 are left for an event
    delete = article(offset=2, action="delete", arrived=1)
    with pytest.raises(InvalidInput, match=r"its record for news\.events\.deal has 6\d\d bytes"):
        revise(PROCESSOR.process(delete), topics.classified[0])
    outcome = revised(delete, PROCESSOR.process(delete), topics.classified[0], topic_prefix="p.", now=NOON)
    assert (outcome.dead, outcome.result, outcome.stage) == (True, "too_large", "events")
    assert (outcome.outputs[0].topic, outcome.outputs[0].value) == ("p.news.deadletters.events", delete.value)
    assert header(outcome.outputs[0].headers, "ew_trace") == "news.articles.raw/3/2"


def test_outcomes_without_a_classified_record_are_left_alone() -> None:
    topics = Topics()
    topics.take(article("F KAUFT", offset=1))
    for outcome in (PROCESSOR.process(message(b"{")), Outcome(outputs=(), stage="language", result="language")):
        assert revise(outcome, topics.classified[0]) is outcome
        assert not done_before(outcome, topics.classified[0])


@pytest.mark.parametrize("value", [None, b"{", b"[]", b'{"id": "a1", "events": 3}'])
def test_a_damaged_record_is_no_version(value: bytes | None, caplog: pytest.LogCaptureFixture) -> None:
    assert read_version(message(value, topic=CLASSIFIED)) is None
    assert "is no classified record" in caplog.text


@dataclass(frozen=True)
class Draft:
    """One version: where its events stand, when it was fetched and when it arrived."""

    places: tuple[int, ...]
    title: str
    deleted: bool
    fetched: int | None
    arrived: int

    def message(self, offset: int) -> Message:
        text = "F" + "".join("KAUFT" if place in self.places else "....." for place in range(4))
        fields: dict[str, Any] = {"title": self.title} if self.title else {}
        if self.fetched is not None:
            fields["fetched_at"] = f"2023-11-14T22:13:{self.fetched:02}.000Z"
        if self.deleted:
            return article(offset=offset, arrived=self.arrived, action="delete", **fields)
        return article(text, offset=offset, arrived=self.arrived, action="update", **fields)


drafts = st.builds(
    Draft,
    places=st.sets(st.integers(0, 3)).map(lambda places: tuple(sorted(places))),
    title=st.sampled_from(["", "A", "B"]),
    deleted=st.booleans(),
    fetched=st.none() | st.integers(10, 30),
    arrived=st.integers(0, 8),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(drafts, min_size=1, max_size=6), st.data())
def test_any_order_and_any_repetition_ends_with_the_events_of_the_newest(
    versions: Sequence[Draft], choose: st.DataObject
) -> None:
    messages = [draft.message(offset) for offset, draft in enumerate(versions)]
    repeats = choose.draw(st.lists(st.sampled_from(messages), max_size=6))
    order = choose.draw(st.permutations([*messages, *repeats]))
    topics = Topics()
    topics.take(*order)

    newest = version_of(PROCESSOR.process(messages[0]))
    for one in messages[1:]:
        version = version_of(PROCESSOR.process(one))
        newest = newest if version.older_than(newest) else version
    expected = {event["event_id"]: bare(event) for event in newest.record["events"]}
    assert live(topics.events) == expected
    last = {event["event_id"]: event for event in map(data, topics.events)}
    assert {n for n, event in last.items() if event["action"] != "delete"} == set(expected), "without looking at times"

    assert len(topics.classified) == len(messages), "one record a raw message"
    by_id: dict[str, bytes] = {}
    for output in topics.events:  # ids repeat only with identical content
        content = orjson.dumps({name: part for name, part in data(output).items() if name not in encode.OF_THIS_RUN})
        assert by_id.setdefault(header(output.headers, "ce_id") or "", content) == content
    assert len(by_id) == len(topics.events), "and here not at all"


@settings(deadline=None)
@given(st.lists(drafts, min_size=1, max_size=5))
def test_equal_input_gives_equal_bytes(versions: Sequence[Draft]) -> None:
    messages = [draft.message(offset) for offset, draft in enumerate(versions)]
    one, other = Topics(), Topics()
    one.take(*messages)
    other.take(*messages)
    assert one.events == other.events
    assert one.classified == other.classified
