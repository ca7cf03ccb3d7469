"""Which mentions tell one event: by whom they share, what they contradict, and where they stand."""

from pipeline.events.merge import merge, same
from pipeline.events.trace import Mention, Trigger
from pipeline.records import Amount, Participant


def who(role: str, text: str, start: int = 0, *, id: str | None = None) -> Participant:
    return Participant(role=role, text=text, start=start, end=start + len(text), entity_id=id)


def mention(kind: str, sentence: int, *participants: Participant, time: str = "current", alone: bool = True) -> Mention:
    trigger = Trigger(span=(sentence * 100, sentence * 100 + 5), score=0.9, status="completed", time=time)  # type: ignore[arg-type]
    return Mention(
        sentence=sentence,
        type=kind,
        score=0.9,
        trigger=trigger,
        evidence=(sentence * 100, sentence * 100 + 90),
        participants=participants,
        alone=alone,
    )


def groups(*mentions: Mention, amounts: tuple[Amount, ...] = (), titles: int = 0) -> list[list[int]]:
    return [[item.sentence for item in group] for group in merge(mentions, amounts, titles=titles)]


def test_same() -> None:
    assert same(who("company", "VW", id="1"), who("company", "Volkswagen", id="1"))
    assert not same(who("company", "VW", id="1"), who("company", "VW", id="2"))
    assert same(who("workers", "Verdi"), who("workers", "die Gewerkschaft Verdi", id="x"))
    assert not same(who("workers", "Verdi"), who("workers", "IG Metall"))
    assert not same(who("workers", "…"), who("workers", "…"))


def test_a_shared_participant_joins_at_any_distance() -> None:
    kind = "regulation.decision"
    assert groups(mention(kind, 0, who("authority", "FDA")), mention(kind, 9, who("authority", "FDA"))) == [[0, 9]]
    assert groups(mention(kind, 0, who("authority", "FDA")), mention(kind, 9, who("authority", "EMA"))) == [[0], [9]]


def test_types_and_times_are_never_mixed() -> None:
    first = mention("deal.acquisition", 0, who("target", "Alstom"))
    assert groups(first, mention("deal.divestiture", 1, who("asset", "Alstom"))) == [[0], [1]]
    assert groups(first, mention("deal.acquisition", 1, who("target", "Alstom"), time="background")) == [[0], [1]]


def test_the_first_sentences_tell_what_the_title_told() -> None:
    kind = "regulation.decision"
    title, body = mention(kind, 0, who("authority", "EU")), mention(kind, 2, who("authority", "Brussels"))
    assert groups(title, body, titles=1) == [[0, 2]]
    assert groups(title, body) == [[0], [2]]
    known = mention(kind, 2, who("authority", "Brussels", id="b"))
    assert groups(mention(kind, 0, who("authority", "EU", id="a")), known, titles=1) == [[0], [2]]


def test_a_longer_name_does_not_contradict() -> None:
    kind = "deal.acquisition"
    first = mention(kind, 0, who("acquirer", "Microsoft", id="m"), who("target", "Activision", id="a"))
    second = mention(kind, 9, who("acquirer", "Microsoft", id="m"), who("target", "Activision Blizzard", id="b"))
    assert groups(first, second) == [[0, 9]]
    assert groups(first, mention(kind, 9, who("acquirer", "Microsoft", id="m"), who("target", "Nokia", id="n"))) == [
        [0],
        [9],
    ]


def test_the_story_of_the_title_is_one_whoever_is_its_subject() -> None:
    kind = "financial.insolvency"
    title, body = mention(kind, 0, who("debtor", "Wirecard", id="w")), mention(kind, 2, who("debtor", "Dax", id="d"))
    assert groups(title, body, titles=1) == [[0, 2]]
    assert groups(title, body) == [[0], [2]]


def test_a_story_goes_on_a_list_does_not() -> None:
    for kind, role, joined in (("disaster.natural", "place", True), ("market.security_price", "security", False)):
        first, second = mention(kind, 3, who(role, "Reno")), mention(kind, 4, who(role, "Dax"))
        assert (groups(first, second) == [[3, 4]]) is joined
    far = groups(
        mention("disaster.natural", 3, who("place", "Reno")), mention("disaster.natural", 30, who("place", "Bonn"))
    )
    assert far == [[3], [30]]


def test_other_figures_are_other_events_except_in_reports() -> None:
    small = Amount(start=0, end=1, text="1", kind="PERCENT", value="1", unit="percent")
    large = Amount(start=200, end=201, text="9", kind="PERCENT", value="9", unit="percent")
    for kind, role, one in (("market.security_price", "change", False), ("financial.earnings", "value", True)):
        main = "security" if role == "change" else "company"
        first = mention(kind, 0, who(main, "SAP"), who(role, "1"))
        second = mention(kind, 2, who(main, "SAP", 210), who(role, "9", 200))
        assert (len(groups(first, second, amounts=(small, large))) == 1) is one


def test_what_was_split_stays_split() -> None:
    kind = "conflict.violence"
    left, right = (mention(kind, 1, who("place", name), alone=False) for name in ("Kyiv", "Kyiv region"))
    assert groups(left, right) == [[1], [1]]


def test_nobody_follows_the_nearest() -> None:
    kind = "analyst.rating"
    assert groups(
        mention(kind, 0, who("analyst", "UBS")), mention(kind, 1, who("analyst", "HSBC")), mention(kind, 7)
    ) == [
        [0],
        [1, 7],
    ]
