"""What the API answers."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from pipeline.web.events import page
from pipeline.web.query import Filter
from pipeline.web.rows import read_row
from pipeline.web.window import Window
from tests.web.news import START, Caller, Given, client_of, event

SCRIPT = "<script>alert(1)</script>\u2028\x00 \"'"


@pytest.fixture(scope="module")
def news() -> Caller:
    source = Given(
        event(0),
        event(
            1, "legal.lawsuit", status="announced", confidence=0.9, article={"source": "Neue Zürcher", "language": "en"}
        ),
        event(2, "market.listing", article={"title": "Ärger um die Börse"}),
        event(3, time="background", article={"title": SCRIPT}),
        event(4, "legal.crime"),
        event(4, "legal.crime", action="delete"),
        event(0, action="update", confidence=0.125),
    )
    source.articles = {"a/0 ?": b'{"id":"a/0 ?"}'}
    return client_of(source)


def numbers(client: Caller, query: str = "") -> list[int]:
    answer = client.get(f"/events?{query}")
    assert answer.status_code == 200, answer.text
    return [int(found["event_id"].removeprefix("event-")) for found in answer.json()["events"]]


def test_newest_first_each_once_without_deleted(news: Caller) -> None:
    assert numbers(news) == [0, 3, 2, 1]
    assert numbers(news, "order=oldest") == [1, 2, 3, 0]
    assert numbers(news, "deleted=true") == [0, 4, 3, 2, 1]
    assert news.get("/events").json()["events"][0]["confidence"] == 0.125


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("class=legal", [1]),
        ("class=legal,market", [2, 1]),
        ("class=legal&class=market", [2, 1]),
        ("type=market.listing", [2]),
        ("status=announced&type=legal.lawsuit", [1]),
        ("language=en", [1]),
        ("min_confidence=0.9", [1]),
        ("source=ZURCHER", [1]),
        ("source=zurch", []),
        ("time=background", [3]),
        ("q=arger+BORSE", [2]),
        ("q=rger+b%C3%B6r", [2]),
        ("q=nothing+of+it", []),
        ("q=", [0, 3, 2, 1]),
        ("entity=nobody", []),
        ("from=2026-09-21T14:13:21Z", [3, 2, 1]),
        ("from=2026-09-21T16:13:22%2B02:00&to=2026-09-21T14:13:23Z", [2]),
        ("from=2026-09-21T16:13:22+02:00&to=2026-09-21T14:13:23Z", [2]),
        ("to=2026-09-21", []),
    ],
)
def test_filters(news: Caller, query: str, found: list[int]) -> None:
    assert START == 1_790_000_000_000
    assert numbers(news, query) == found


def test_entities_by_name_and_id() -> None:
    people = [
        {
            "role": "acquirer",
            "text": "der Konzern",
            "start": 0,
            "end": 1,
            "name": "Nestlé S.A.",
            "entity_id": "ew:org/nestle",
        },
        {"role": "target", "text": "Quelle", "start": 2, "end": 3, "ids": {"isin": "CH0038863350", "ticker": "NESN"}},
    ]
    client = client_of(Given(event(0, participants=people), event(1)))
    for name in ("NESTLE", "nestlé s a", "ew:org/nestle", "ch0038863350", "nesn"):
        assert numbers(client, f"entity={name}") == [0], name
    for name in ("nest", "ch00", "konzernchef"):
        assert numbers(client, f"entity={name}") == [], name


def test_pages_stay_while_events_come_in() -> None:
    source = Given(*(event(number) for number in range(50)))
    client = client_of(source)
    seen: list[int] = []
    query = "limit=20&class=deal"
    while True:
        answer = client.get(f"/events?{query}").json()
        seen += [int(found["event_id"].removeprefix("event-")) for found in answer["events"]]
        if answer["next"] is None:
            break
        source.give(*(event(1000 + len(seen) + more) for more in range(7)))
        query = f"limit=20&class=deal&cursor={answer['next']}"
    assert seen == list(range(49, -1, -1))


def test_polling_goes_on_where_it_was() -> None:
    source = Given(*(event(number) for number in range(5)))
    client = client_of(source)
    answer = client.get("/events?order=oldest").json()
    assert len(answer["events"]) == 5
    assert answer["next"] is None
    assert numbers(client, f"order=oldest&cursor={answer['newest']}") == []
    source.give(event(7), event(2, action="delete"))
    assert numbers(client, f"order=oldest&cursor={answer['newest']}") == [7]
    assert numbers(client, f"order=oldest&deleted=true&cursor={answer['newest']}") == [7, 2]


def test_a_long_search_ends_with_a_place_to_go_on() -> None:
    window = Window(2000)
    row = read_row(event(0), prefix="")
    assert row is not None
    for number in range(2000):
        window.add(replace(row, event_id=str(number)))
    ticks = iter(range(10_000))
    cursor, pages, found = None, 0, 0
    wish = Filter(words=("nowhere",))
    while True:
        answer = orjson.loads(
            page(
                window,
                wish,
                cursor=cursor,
                newest_first=True,
                limit=10,
                deleted=False,
                seconds=0.5,
                clock=lambda: float(next(ticks)),
            )
        )
        pages += 1
        found += len(answer["events"])
        cursor = answer["next"]
        if cursor is None:
            break
    assert pages > 2
    assert found == 0


def test_one_event(news: Caller) -> None:
    assert news.get("/events/event-000001").json()["type"] == "legal.lawsuit"
    assert news.get("/events/event-000004").json()["action"] == "delete"
    missing = news.get("/events/nothing")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert "window" in missing.json()["detail"]


def test_articles_may_be_called_anything(news: Caller) -> None:
    assert news.get("/articles/a%2F0%20%3F").json() == {"id": "a/0 ?"}
    assert news.get("/articles/b").status_code == 404
    assert news.get("/articles/%00").status_code == 404


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/events?type=deal.acquisitions", "Nearest: deal.acquisition"),
        ("/events?class=deals", "Nearest: deal"),
        ("/events?class=deal&type=legal.crime", "its class is legal"),
        ("/events?language=xx", "There is no language"),
        ("/events?status=done", "There is no status"),
        ("/events?min_confidence=2", "between 0 and 1"),
        ("/events?min_confidence=nan", "between 0 and 1"),
        ("/events?min_confidence=high", "a number"),
        ("/events?limit=0", "from 1 to 1000"),
        ("/events?limit=1001", "from 1 to 1000"),
        ("/events?limit=99999999999999999999", "from 1 to 1000"),
        ("/events?limit=1e3", "from 1 to 1000"),
        ("/events?limit=%D9%A1", "from 1 to 1000"),
        ("/events?limit=1&limit=2", "give it once"),
        ("/events?order=up", "newest, oldest"),
        ("/events?cursor=%00", "no cursor"),
        ("/events?cursor=" + "A" * 5000, "longer than 200"),
        ("/events?entity=%00", "no letter or digit"),
        ("/events?entity=" + "a" * 201, "longer than 200"),
        ("/events?" + "&".join(["entity=a"] * 101), "101 values"),
        ("/events?q=%00", "no letter or digit"),
        ("/events?from=yesterday", "not 'yesterday'"),
        ("/events?from=2026-01-01T00:00", "no time zone"),
        ("/events?from=2026-01-02&to=2026-01-01", "earlier"),
        ("/events?typ=deal.acquisition", "Did you mean type"),
        ("/stats?interval=week", "auto, minute"),
        ("/stats?limit=1", "no parameter 'limit'"),
        ("/taxonomy?x=1", "no parameter 'x'"),
        ("/events/stream?after=x", "no cursor"),
        ("/events/stream?limit=1", "no parameter"),
    ],
)
def test_a_wrong_request_is_told_what_to_do(news: Caller, path: str, says: str) -> None:
    answer = news.get(path)
    assert answer.status_code == 400
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in problem["detail"]
    assert problem["status"] == 400
    assert len(problem["detail"]) < 600


def test_nearest_names_are_given_apart(news: Caller) -> None:
    assert "deal.acquisition" in news.get("/events?type=deal.acquisitions").json()["nearest"]
    assert news.get("/events?typ=x").json()["nearest"][0] == "type"


def test_what_there_is_not(news: Caller) -> None:
    assert news.get("/nothing").status_code == 404
    assert news.post("/events").status_code == 405
    assert news.get("/static/../app.py").status_code == 404
    assert news.get("/static/%2e%2e/app.py").status_code == 404


def test_heads(news: Caller) -> None:
    for path in ("/events", "/events/stream", "/stats", "/"):
        answer = news.ask("HEAD", path)
        assert answer.status_code == 200, path
    assert news.ask("HEAD", "/events/stream").headers["content-type"].startswith("text/event-stream")


def test_hostile_text_stays_json(news: Caller) -> None:
    answer = news.get("/events?time=background")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["events"][0]["article"]["title"] == SCRIPT


def test_stats_count_what_the_filters_let_through(news: Caller) -> None:
    stats = news.get("/stats").json()
    assert stats["events"]["total"] == 4
    assert stats["events"]["classes"] == {"deal": 2, "legal": 1, "market": 1}
    assert stats["window"]["events"] == 7
    assert stats["over_time"]["interval"] == "minute"
    assert stats["over_time"]["total"] == [4]
    some = news.get("/stats?class=legal&clock=published&interval=month").json()
    assert some["events"]["total"] == sum(some["over_time"]["total"]) == 1
    assert some["over_time"]["clock"] == "published"


def test_trouble_is_shown() -> None:
    source = Given(event(0))
    client = client_of(source)
    assert client.get("/healthz").json() == {"status": "ok"}
    source.wrong = "Kafka at secret:9092 is away"
    health = client.get("/healthz")
    assert health.status_code == 503
    assert "secret" not in health.text
    assert client.get("/stats").json()["source"]["trouble"] == source.wrong


def test_the_vocabulary(news: Caller) -> None:
    found: dict[str, Any] = news.get("/taxonomy").json()
    assert len(found["classes"]) == 12
    types = {kind["name"]: kind for kind in found["types"]}
    assert types["deal.joint_venture"]["label"] == "Joint venture"
    assert types["deal.acquisition"]["roles"][0] == "acquirer"
    assert {"name": "de", "label": "German"} in found["languages"]
    roles = {role["name"] for role in found["roles"]}
    assert all(role in roles for kind in found["types"] for role in kind["roles"])


def test_an_error_of_ours_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Given()
    monkeypatch.setattr(source, "article", lambda name: 1 / 0)
    client = client_of(source)
    answer = client.get("/articles/x")
    assert answer.status_code == 500
    assert "Zero" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
