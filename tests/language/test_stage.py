"""The stage as a whole: ids, deletions, what is refused and why."""

import hashlib
from dataclasses import replace

import pytest

from pipeline.errors import Code, InvalidInput
from pipeline.language.stage import DetectLanguage
from pipeline.records import LanguageArticle, RawArticle, Source
from pipeline.settings import Settings

TEXT = "Der Stadtrat hat am Montag den Bau einer neuen Brücke über den Fluss beschlossen."


@pytest.fixture(scope="module")
def stage() -> DetectLanguage:
    return DetectLanguage.load(Settings(max_text=5_000, max_html=20_000))


def one(stage: DetectLanguage, raw: RawArticle) -> LanguageArticle:
    (outcome,) = stage.run([raw])
    assert isinstance(outcome, LanguageArticle), outcome
    return outcome


def refused(stage: DetectLanguage, raw: RawArticle) -> InvalidInput:
    (outcome,) = stage.run([raw])
    assert isinstance(outcome, InvalidInput), outcome
    return outcome


def test_text_is_title_blank_line_body(stage: DetectLanguage) -> None:
    article = one(stage, RawArticle(id="1", title="Neue Brücke", text=TEXT))
    assert article.text == f"Neue Brücke\n\n{TEXT}"
    assert article.title == "Neue Brücke"
    assert (article.language.code, article.language.script) == ("de", "Latn")


def test_without_title_there_is_none(stage: DetectLanguage) -> None:
    article = one(stage, RawArticle(id="1", text=TEXT))
    assert article.text == TEXT
    assert article.title is None


def test_id_is_kept_or_made_of_the_url_or_of_what_was_sent(stage: DetectLanguage) -> None:
    assert one(stage, RawArticle(id="given", url="https://a.example/1", text=TEXT)).id == "given"
    url = "https://a.example/1"
    assert one(stage, RawArticle(url=url, text=TEXT)).id == hashlib.sha256(url.encode()).hexdigest()
    content = f"Brücke\n {TEXT}\u200b"
    assert (
        one(stage, RawArticle(title="Brücke", text=f" {TEXT}\u200b")).id == hashlib.sha256(content.encode()).hexdigest()
    )


def test_delete_passes_with_empty_text_and_the_id_of_its_url(stage: DetectLanguage) -> None:
    added = one(stage, RawArticle(url="https://a.example/1", text=TEXT))
    deleted = one(stage, RawArticle(action="delete", url="https://a.example/1"))
    assert deleted.id == added.id
    assert (deleted.text, deleted.language.code, deleted.boilerplate) == ("", "und", ())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (RawArticle(action="delete"), Code.SCHEMA),
        (RawArticle(id="1"), Code.EMPTY_TEXT),
        (RawArticle(id="1", title="Only a title", text=" \u200b\u00ad\n"), Code.EMPTY_TEXT),
        (RawArticle(id="1", html="<html><body><p></p></body></html>"), Code.EMPTY_TEXT),
        (RawArticle(id="1", html=""), Code.EMPTY_TEXT),
        (RawArticle(id="1", text="x" * 5_001), Code.TOO_LARGE),
        (RawArticle(id="1", html="x" * 20_001), Code.TOO_LARGE),
        (RawArticle(id="1", text="broken \ud800 text"), Code.BAD_TEXT),
        (RawArticle(id="1", text=TEXT, title="\udfff"), Code.BAD_TEXT),
        (RawArticle(id="1", text=TEXT, published_at="yesterday"), Code.SCHEMA),
        (RawArticle(id="1", text=TEXT, published_at="0001-01-01T00:00:00+14:00"), Code.SCHEMA),
    ],
)
def test_what_is_refused_says_why(stage: DetectLanguage, raw: RawArticle, code: Code) -> None:
    error = refused(stage, raw)
    assert error.code == code
    assert len(error.reason) > 20


def test_a_refusal_leaves_its_neighbours_alone(stage: DetectLanguage) -> None:
    good = RawArticle(id="1", text=TEXT)
    outcomes = stage.run([good, RawArticle(id="2"), replace(good, id="3")])
    assert [isinstance(outcome, InvalidInput) for outcome in outcomes] == [False, True, False]


def test_metadata_passes_and_says_what_was_normalised(stage: DetectLanguage) -> None:
    article = one(stage, RawArticle(id="1", text=f"{TEXT}\x00", metadata={"desk": "lokal", "n": 3}))
    assert article.metadata == {"desk": "lokal", "n": 3, "normalised": ["control_characters"]}
    assert one(stage, RawArticle(id="1", text=TEXT)).metadata is None


def test_times_become_utc_with_milliseconds(stage: DetectLanguage) -> None:
    article = one(
        stage,
        RawArticle(id="1", text=TEXT, published_at="2026-11-25T10:30:00+01:00", fetched_at="2026-12-31T23:59:60Z"),
    )
    assert article.published_at == "2026-11-25T09:30:00.000Z"
    assert article.fetched_at == "2026-12-31T23:59:59.000Z"


def test_the_source_passes_through(stage: DetectLanguage) -> None:
    source = Source(name="Lokalblatt", domain="a.example", country="DE")
    assert one(stage, RawArticle(id="1", text=TEXT, source=source)).source == source


def test_the_reference_names_version_and_digest(stage: DetectLanguage) -> None:
    reference = one(stage, RawArticle(id="1", text=TEXT)).models.language
    name, _, digest = reference.partition("+")
    assert name.startswith("eventwire-language@")
    assert len(digest) == 12


def test_an_outcome_does_not_depend_on_the_batch_or_the_run(stage: DetectLanguage) -> None:
    raws = [RawArticle(id=str(n), text=f"{TEXT} Es ist die {n}. Meldung.", language="de") for n in range(4)]
    together = stage.run(raws)
    assert together == [one(stage, raw) for raw in raws]
    assert together == DetectLanguage.load(Settings(max_text=5_000)).run(raws)


PAGE = f"""<html lang="de"><head><title>Neue Brücke</title>
<link rel="canonical" href="https://flusskurier.example/bruecke"><meta property="og:site_name" content="Flusskurier">
<meta property="article:published_time" content="2026-03-02T06:15:00+01:00"></head>
<body><article><h1>Neue Brücke</h1><p>{TEXT}</p><p>Die Arbeiten beginnen im Mai und dauern zwei Jahre.</p></article>
</body></html>"""


def test_a_page_gives_what_the_sender_did_not(stage: DetectLanguage) -> None:
    article = one(stage, RawArticle(html=PAGE))
    assert article.title == "Neue Brücke"
    assert article.text.startswith(f"Neue Brücke\n\n{TEXT}")
    assert article.text.count("Neue Brücke") == 1
    assert article.url == "https://flusskurier.example/bruecke"
    assert article.id == hashlib.sha256(article.url.encode()).hexdigest()
    assert article.source == Source(name="Flusskurier")
    assert article.published_at == "2026-03-02T05:15:00.000Z"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, 02 Mar 2026 06:15:00 +0100", "2026-03-02T05:15:00.000Z"),
        ("2026-03-02T06:15:00+0100", "2026-03-02T05:15:00.000Z"),
        ("2026-03-02", "2026-03-02T00:00:00.000Z"),
        ("yesterday", None),
        ("Mon, 99 Mar 2026 06:15:00 GMT", None),
        ("Mon,", None),
    ],
)
def test_dates_as_pages_write_them(stage: DetectLanguage, written: str, read: str | None) -> None:
    assert one(stage, RawArticle(html=PAGE.replace("2026-03-02T06:15:00+01:00", written))).published_at == read


def test_the_sender_knows_better_than_the_page(stage: DetectLanguage) -> None:
    sent = RawArticle(
        html=PAGE, title="Brücke kommt", url="https://a.example/1", published_at="2026-01-01T00:00:00Z",
        source=Source(name="Agentur", country="DE"),
    )  # fmt: skip
    article = one(stage, sent)
    assert (article.title, article.url, article.published_at) == ("Brücke kommt", sent.url, "2026-01-01T00:00:00.000Z")
    assert article.source == sent.source


def test_text_goes_before_html(stage: DetectLanguage) -> None:
    assert one(stage, RawArticle(text=TEXT, html=PAGE)).text == TEXT


def test_advertising_is_marked_and_stays_in_the_text(stage: DetectLanguage) -> None:
    extra = "Jetzt kostenlos unseren Newsletter abonnieren!"
    article = one(stage, RawArticle(title="Jetzt abonnieren", text=f"{TEXT}\n\n{extra}"))
    assert extra in article.text
    assert [article.text[span.start : span.end] for span in article.boilerplate] == [extra]
