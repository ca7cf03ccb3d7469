"""An event opened: who did what, where it is written, how sure we are. Highlights cover exactly their words."""

from typing import Any

import pytest

from tests.browser.conftest import Opener
from tests.browser.site import Record, Site, story

pytestmark = pytest.mark.browser


def opened(site: Site, open_page: Opener, *records: Record, number: int = 1, **options: Any) -> Any:
    """The page with event `number` open, its article loaded."""
    site.add(*records)
    site.start()
    page = open_page(f"{site.url}?event=event-{number:08}", **options)
    page.wait_for_selector("#detail .text")
    return page


def marked(page: Any, kind: str, where: str = "#detail .text") -> str:
    """All words that are marked as `kind` in the article."""
    return "".join(page.locator(f"{where} .m-{kind}").all_text_contents())


def test_a_newcomer_reads_who_what_where_and_how_sure(site: Site, open_page: Opener) -> None:
    page = opened(site, open_page, *story(1))
    detail = page.locator("#detail")
    assert detail.locator("h2").inner_text() == "Acquisition completed"
    who = detail.locator(".who-did li")
    assert [" ".join(text.split()) for text in who.all_inner_texts()] == [
        "acquirer Microsoft",
        "target Activision Blizzard",
    ]
    assert "76%" in detail.locator(".how-sure").inner_text()
    assert "Of 100 events with this number, about 76 are right" in detail.locator(".how-sure").inner_text()
    assert "purchase" in detail.locator(".words blockquote").inner_text()
    row = detail.locator(".values tbody tr").inner_text().split("\t")
    assert row == ["$69 billion", "≈ 69,000,000,000 USD", "money"]
    making = detail.locator(".making").inner_text()
    for part in ("eventwire-events@0.1.0+0123456789ab", "news.articles.raw/0/1", "1.0 s later", "90% of it"):
        assert part in making


PREFIXES = [
    "",
    "🚀🚀 Breaking 👩‍👩‍👧‍👦: ",
    "速報 𠮷野家 𩸽は ",
    "Café Ång\u0301strom x\u0302\u0323: ",
    "عاجل: ",
    "A \u202e turned \u0007 title ",
]


def test_highlights_cover_exactly_their_words(site: Site, open_page: Opener) -> None:
    """JavaScript counts UTF-16 units, records count code points."""
    body = "{}Microsoft has completed its purchase of Activision Blizzard 🎮 for about $69 billion."
    for number, prefix in enumerate(PREFIXES, 1):
        site.add(*story(number, f"{prefix}Deal", body.format(prefix)))
    page = opened(site, open_page)
    for number, prefix in enumerate(PREFIXES, 1):
        page.locator(f"#row-{len(PREFIXES) - number}").click()
        title = prefix.replace("\u202e", "<U+202E>").replace("\u0007", "<U+0007>")
        shown = body.format(title)
        page.wait_for_function(
            "text => document.querySelector('#detail .text')?.textContent === text", arg=f"{title}Deal\n\n{shown}"
        )
        assert marked(page, "trigger") == "purchase"
        assert marked(page, "role") == "MicrosoftActivision Blizzard"
        assert marked(page, "amount") == "$69 billion"
        assert marked(page, "evidence") == shown
        assert marked(page, "trigger", "#detail blockquote") == "purchase"


def test_in_japanese_and_hebrew(site: Site, open_page: Opener) -> None:
    japanese = story(
        1, "ホンダと日産が合意", "ホンダは日産を買収する。", trigger="買収", language="ja", script="Jpan",
        roles=[("acquirer", "ホンダ"), ("target", "日産")],
    )  # fmt: skip
    hebrew = story(
        2, "מיקרוסופט", "מיקרוסופט רכשה את אקטיביז'ן.", trigger="רכשה", language="he", script="Hebr",
        roles=[("acquirer", "מיקרוסופט")],
    )  # fmt: skip
    page = opened(site, open_page, *japanese, *hebrew)
    assert marked(page, "trigger") == "買収"
    assert marked(page, "role") == "ホンダ日産"
    assert page.locator("#detail .text").get_attribute("lang") == "ja"
    page.locator("#row-0").click()
    page.wait_for_selector("#detail .text[lang=he]")
    assert marked(page, "trigger") == "רכשה"
    assert page.locator("#detail .text").get_attribute("dir") == "rtl"
    assert page.locator("#row-0 .quote").evaluate("node => getComputedStyle(node).direction") == "rtl"


def test_overlapping_spans_boilerplate_and_other_names(site: Site, open_page: Opener) -> None:
    """The trigger stands inside a role, an advertisement in the body, a name without a role beside them."""
    body = "The purchase of Activision Blizzard by Microsoft pleased Sony. Subscribe now!"
    roles = [("target", "purchase of Activision Blizzard"), ("acquirer", "Microsoft")]
    article, event = story(1, "Deal", body, roles=roles, evidence=body[: body.index(" Subscribe")])
    text = article["text"]
    ad, sony = text.index("Subscribe"), text.index("Sony")
    article["boilerplate"] = [{"start": ad, "end": len(text), "kind": "ad"}]
    name = {"text": "Sony", "label": "ORG", "name": "Sony", "entity_id": "ew:org/sony", "confidence": 0.9}
    article["entities"] = [{"start": sony, "end": sony + 4, **name}]
    page = opened(site, open_page, article, event)
    assert marked(page, "trigger") == "purchase"
    assert marked(page, "role") == "purchase of Activision BlizzardMicrosoft"
    assert marked(page, "entity") == "Sony"
    assert marked(page, "boilerplate") == "Subscribe now!"
    assert page.locator("#detail .text").text_content() == text


def test_names_stand_for_words_and_carry_their_ids(site: Site, open_page: Opener) -> None:
    article, event = story(1)
    event["participants"][0] |= {
        "name": "Microsoft Corporation",
        "resolved": True,
        "ids": {"isin": "US5949181045", "ticker": "MSFT", "mic": "XNAS"},
    }
    page = opened(site, open_page, article, event)
    first = page.locator(".who-did li").first.inner_text()
    assert "Microsoft Corporation" in first
    assert "written as Microsoft" in first.replace("“", "").replace("”", "").replace('"', "")
    assert "ISIN US5949181045" in first
    assert "MSFT (XNAS)" in first
    page.get_by_role("button", name="Only events with Microsoft Corporation").click()
    page.wait_for_function("() => new URLSearchParams(location.search).get('entity') === 'Microsoft Corporation'")


def test_a_retraction_is_shown_as_such(site: Site, open_page: Opener) -> None:
    article, event = story(1)
    page = opened(site, open_page, article, event)
    site.add({**event, "action": "delete", "produced_at": "2026-11-25T13:00:00.000Z"})
    page.wait_for_selector("#detail .news.bad")
    assert "Retracted" in page.locator("#detail .news").inner_text()
    row = page.locator(".row")
    assert row.count() == 1
    assert "retracted" in row.locator(".tag").inner_text()
    assert row.locator(".type").evaluate("node => getComputedStyle(node).textDecorationLine") == "line-through"


def test_an_update_says_what_it_was_before(site: Site, open_page: Opener) -> None:
    article, event = story(1)
    page = opened(site, open_page, article, event)
    new = {**event, "action": "update", "status": "cancelled", "confidence": 0.5}
    site.add({**new, "produced_at": "2026-11-25T13:00:00.000Z"})
    page.wait_for_selector("#detail .news")
    assert "Before: acquisition, completed, 76% sure." in page.locator("#detail .news").inner_text()
    assert page.locator("#detail h2").inner_text() == "Acquisition cancelled"
    assert page.locator(".row .tag").inner_text() == "updated"


def test_an_article_that_changed_since_is_not_marked(site: Site, open_page: Opener) -> None:
    article, event = story(1)
    page = opened(site, open_page, {**article, "text": "Now all is different"}, event)
    assert "changed since" in page.locator("#detail .whole").inner_text()
    assert page.locator("#detail .text mark").count() == 0


def test_an_article_that_is_gone_leaves_the_evidence(site: Site, open_page: Opener) -> None:
    _, event = story(1)
    site.add(event)
    site.start()
    page = open_page(site.url, expected="404")
    with page.expect_response(lambda answer: "/articles/" in answer.url) as answer:
        page.locator("#row-0").click()
    assert answer.value.status == 404
    page.wait_for_selector("#detail .whole p")
    assert "not kept here" in page.locator("#detail .whole").inner_text()
    assert "purchase" in page.locator("#detail blockquote").inner_text()


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>\"'`{{7*7}}${1}\u2028&amp;<b>"


def test_hostile_texts_are_shown_as_text(site: Site, open_page: Opener) -> None:
    """Every field that comes from an article holds markup; none of it becomes an element."""
    article, event = story(1, HOSTILE, f"{HOSTILE} purchase {HOSTILE}", roles=[("acquirer", HOSTILE)])
    address = "javascript:alert(3)"
    article["url"] = event["article"]["url"] = address
    event["article"]["source"] = event["participants"][0]["name"] = HOSTILE
    event["amounts"] = [{**event["trigger"], "kind": "QUANTITY", "value": "1", "unit": HOSTILE[:40]}]
    page = opened(site, open_page, article, event)
    for place in ("#list", "#detail"):
        assert page.locator(f"{place} :is(img, script, b b, svg[onload])").count() == 0
        assert "<img src=x onerror=alert(1)>" in page.locator(place).inner_text()
    assert page.locator("#detail .text").text_content() == article["text"]
    assert page.locator("#detail a[href]").count() == 0
