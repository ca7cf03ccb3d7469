"""Which spans win a role: one each, more only side by side or in a row of pairs."""

from pipeline.records import NewsEvent
from tests.events.story import Story


def roles(event: NewsEvent) -> list[tuple[str, str]]:
    return [(participant.role, participant.text) for participant in event.participants]


def test_the_loser_of_a_role_takes_its_next_best() -> None:
    """Both look like the defendant; only one is, so the other is what else it may be."""
    story = Story("Apple Corps sues Apple Computer.").event("legal.lawsuit", "sues")
    story.entity("Apple Corps", "ORG").entity("Apple Computer", "ORG")
    story.role("defendant", "Apple Corps", 0.6).role("plaintiff", "Apple Corps", 0.55)
    story.role("defendant", "Apple Computer", 0.9)
    (event,) = story.events
    assert roles(event) == [("plaintiff", "Apple Corps"), ("defendant", "Apple Computer")]


def test_side_by_side_they_share_a_role() -> None:
    story = Story("Anna Lee, Tom Ray and the Novum group sued.").event("legal.lawsuit", "sued")
    story.entity("Anna Lee", "PER").entity("Tom Ray", "PER").entity("Novum", "ORG")
    story.role("plaintiff", "Anna Lee", 0.9).role("plaintiff", "Tom Ray", 0.6).role("plaintiff", "Novum", 0.55)
    (event,) = story.events
    assert [text for _, text in roles(event)] == ["Anna Lee", "Tom Ray", "Novum"]


def test_a_title_and_a_name_are_one() -> None:
    story = Story("Minister Anna Lee resigned.").event("politics.government", "resigned")
    story.entity("Minister", "PER").entity("Anna Lee", "PER").role("person", "Minister Anna Lee", 0.8)
    story.role("person", "Anna Lee", 0.9)
    (event,) = story.events
    assert roles(event) == [("person", "Anna Lee")]


def test_a_row_of_pairs_is_whole() -> None:
    story = Story("The Nikkei fell 1.3 percent, the Kospi 3.4 percent.").event("market.security_price", "fell")
    story.entity("Nikkei", "MISC").entity("Kospi", "MISC")
    story.amount("1.3 percent", "1.3", "percent").amount("3.4 percent", "3.4", "percent")
    story.role("security", "Nikkei", 0.95).role("change", "1.3", 0.9)
    story.role("security", "Kospi", 0.6).role("change", "3.4", 0.55)
    assert [roles(event) for event in story.events] == [
        [("security", "Nikkei"), ("change", "1.3 percent")],
        [("security", "Kospi"), ("change", "3.4 percent")],
    ]


def test_of_two_figures_the_change_is_the_percentage() -> None:
    story = Story("Novum rose 2 percent to 50 euros.").event("market.security_price", "rose").entity("Novum", "ORG")
    story.amount("2 percent", "2", "percent").amount("50 euros", "50", "EUR")
    (event,) = story.role("security", "Novum").role("change", "2", 0.7).role("change", "50", 0.8).events
    assert roles(event) == [("security", "Novum"), ("change", "2 percent")]


def test_one_high_piece_in_a_long_word_is_chance() -> None:
    story = Story("Verfassungsgerichtspräsidentin spoke of Novum.").event("politics.government", "spoke")
    story.entity("Novum", "ORG").role("government", "Novum").role("person", "gericht", 0.6)
    (event,) = story.events
    assert roles(event) == [("government", "Novum")]


def test_the_trigger_is_no_participant_unless_it_is_a_name() -> None:
    story = Story("Streik bei Novum.", language="de").event("corporate.labour_dispute", "Streik").entity("Novum", "ORG")
    (event,) = story.role("workers", "Streik").role("employer", "Novum").events
    assert roles(event) == [("employer", "Novum")]
