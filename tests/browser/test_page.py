"""The list: filters that live in the address, keys, narrow screens, many rows."""

import re
from typing import Any

import pytest

from tests.browser.conftest import Opener
from tests.browser.site import Site, story

pytestmark = pytest.mark.browser

COURT = {
    "title": "Tesla verklagt Behörde",
    "body": "Tesla verklagt die Behörde in Stockholm.",
    "kind": "legal.lawsuit",
    "trigger": "verklagt",
    "roles": [("plaintiff", "Tesla")],
    "language": "de",
}


@pytest.fixture
def news(site: Site) -> Site:
    """Four events: acquisitions 1 and 4, lawsuit 2 (announced, unsure), listing 3 (background, another source)."""
    listing, event = story(3, kind="market.listing", time="background", confidence=0.95)
    event["article"]["source"] = "Neue Zürcher Zeitung"
    site.add(*story(1), *story(2, **COURT, status="announced", confidence=0.3), listing, event, *story(4))
    site.start()
    return site


def rows(page: Any) -> list[int]:
    """The events in sight, by number, from the top."""
    shown = page.locator(".row").evaluate_all(
        "rows => rows.map(row => [parseInt(row.style.transform.slice(11)), row.dataset.id]).sort((a, b) => a[0] - b[0])"
    )
    return [int(name.removeprefix("event-")) for _, name in shown]


def wait_rows(page: Any, *numbers: int) -> None:
    page.wait_for_function(
        """wanted => document.body.dataset.view === "events" && !document.querySelector("#list[aria-busy]") &&
        JSON.stringify([...document.querySelectorAll(".row")]
        .sort((a, b) => parseInt(a.style.transform.slice(11)) - parseInt(b.style.transform.slice(11)))
        .map(row => Number(row.dataset.id.slice(6)))) === wanted""",
        arg=str(list(numbers)).replace(" ", ""),
    )


def query(page: Any) -> str:
    return re.sub(r"^[^?]*\??", "", page.url)


def test_a_row_says_what_who_where_and_how_sure(news: Site, open_page: Opener) -> None:
    page = open_page(news.url)
    wait_rows(page, 4, 3, 2, 1)
    row = page.locator("#row-2").inner_text()
    for part in ("Lawsuit", "announced", "Legal", "Tesla plaintiff", "Tesla verklagt die Behörde", "German", "30%"):
        assert part in row
    assert page.locator("#row-2 mark").inner_text() == "verklagt"
    assert "background" in page.locator("#row-1").inner_text()
    assert page.locator("#found").inner_text() == "4 events"
    assert page.locator("#place").inner_text() == news.folder.name


def test_filters_choose_and_stand_in_the_address(news: Site, open_page: Opener) -> None:
    page = open_page(news.url)
    wait_rows(page, 4, 3, 2, 1)
    page.get_by_role("checkbox", name="Deal").check()
    wait_rows(page, 4, 1)
    assert query(page) == "class=deal"
    page.wait_for_function("() => document.querySelector('#found').textContent === '2 of 4 events'")
    page.get_by_role("button", name="Types of Legal").click()
    page.get_by_role("checkbox", name="Lawsuit").check()  # a whole class and one type of another
    wait_rows(page, 4, 2, 1)
    assert set(query(page).split("&")) >= {"type=deal.acquisition", "type=legal.lawsuit"}
    page.get_by_role("button", name="Remove the filter Deal").click()
    wait_rows(page, 2)
    page.go_back()
    wait_rows(page, 4, 2, 1)
    page.reload()
    wait_rows(page, 4, 2, 1)
    page.get_by_role("button", name="Clear all").first.click()
    wait_rows(page, 4, 3, 2, 1)
    assert query(page) == ""


def test_every_kind_of_filter(news: Site, open_page: Opener) -> None:
    page = open_page(news.url)
    wait_rows(page, 4, 3, 2, 1)

    def only(*numbers: int, address: str) -> None:
        wait_rows(page, *numbers)
        assert query(page) == address
        page.locator("#filters-clear").click()
        wait_rows(page, 4, 3, 2, 1)

    page.locator("#statuses .chip", has_text="announced").click()
    only(2, address="status=announced")
    page.locator("#languages .chip", has_text="German").click()
    only(2, address="language=de")
    page.locator(".chip", has_text="Background").click()
    only(3, address="time=background")
    page.get_by_placeholder("Name or ISIN").fill("tesla")
    page.keyboard.press("Enter")
    only(2, address="entity=tesla")
    page.get_by_placeholder("Publisher").fill("Zürcher")
    page.keyboard.press("Enter")
    only(3, address="source=Z%C3%BCrcher")
    page.locator("#confidence").fill("80")
    only(3, address="min_confidence=0.8")
    page.locator("#search").fill("behörde stockholm")
    only(2, address="q=beh%C3%B6rde+stockholm")


def test_filters_without_events_and_wrong_ones_say_so(news: Site, open_page: Opener) -> None:
    page = open_page(f"{news.url}?q=nowhere")
    page.get_by_text("No such events.").wait_for()
    page.get_by_role("button", name="Clear the filters").click()
    wait_rows(page, 4, 3, 2, 1)
    wrong = open_page(f"{news.url}?class=deals", expected="400")
    wrong.get_by_text("There is no class 'deals'").wait_for()
    wrong.get_by_role("button", name="Clear the filters").click()
    wait_rows(wrong, 4, 3, 2, 1)


def test_no_events_yet(site: Site, open_page: Opener) -> None:
    site.start()
    page = open_page(site.url)
    page.get_by_text("No events yet.").wait_for()
    site.add(*story(1))
    wait_rows(page, 1)


def test_keys(news: Site, open_page: Opener) -> None:
    page = open_page(news.url)
    wait_rows(page, 4, 3, 2, 1)

    def selected() -> str | None:
        return page.locator("#list").get_attribute("aria-activedescendant")

    page.keyboard.press("j")
    page.wait_for_selector("#row-0[aria-selected=true]")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("k")
    page.wait_for_selector("#row-1[aria-selected=true]")
    assert selected() == "row-1"
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail .text")
    assert query(page) == "event=event-00000003"
    page.keyboard.press("j")  # the next one opens, too
    page.wait_for_function("() => location.search === '?event=event-00000002'")
    page.keyboard.press("Escape")
    page.wait_for_selector("#detail", state="hidden")
    assert page.evaluate("document.activeElement.id") == "list"
    page.keyboard.press("End")
    page.wait_for_selector("#row-3[aria-selected=true]")
    page.keyboard.press("/")
    page.keyboard.type("tesla j k ?")  # keys are letters in a field
    assert page.locator("#search").input_value() == "tesla j k ?"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("#help-dialog[open]")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    page.wait_for_selector("#view-health .tiles")
    page.keyboard.press("3")
    page.get_by_text("No replays yet").wait_for()
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_on_a_phone(news: Site, open_page: Opener) -> None:
    page = open_page(news.url, width=390, height=844)
    wait_rows(page, 4, 3, 2, 1)

    def fits() -> bool:
        return page.evaluate("document.documentElement.scrollWidth <= 390 && document.body.scrollWidth <= 390")

    assert fits()
    assert not page.locator("#filters").is_visible()
    page.locator("#filters-open").click()
    page.get_by_role("checkbox", name="Legal").check()
    page.locator("#filters-close").click()
    wait_rows(page, 2)
    page.locator("#row-0").click()
    page.wait_for_selector("#detail .text")
    assert not page.locator("#list").is_visible()
    assert fits()
    page.go_back()
    page.wait_for_selector("#list")
    for view in ("Health", "Replays"):
        page.get_by_role("link", name=view).click()
        page.wait_for_selector(f"#view-{view.lower()} > *")
        assert fits()


def test_older_events_come_as_one_scrolls(site: Site, open_page: Opener) -> None:
    """600 events: pages of some hundred; the list never holds more elements than a screen and a little."""
    site.add(*(story(number)[1] for number in range(1, 601)))
    site.start()
    page = open_page(site.url)
    page.wait_for_selector("#row-0")
    page.locator("#list").focus()
    for _ in range(10):
        page.keyboard.press("End")
        page.wait_for_function("() => !document.querySelector('#foot').textContent.startsWith('Loading')")
        if page.locator("#row-599").count():
            break
        page.wait_for_timeout(50)
    page.wait_for_selector("#row-599")
    assert page.locator("#row-599").get_attribute("data-id") == "event-00000001"
    assert page.locator(".row").count() < 60
    assert "600 events" in page.locator("#foot").inner_text()


MANY_ROWS = """async () => {
  const { List } = await import("/static/list.js");
  const { toRow } = await import("/static/store.js");
  const event = await (await fetch("/events/event-00000001")).json();
  const rows = Array.from({ length: 100_000 }, (_, i) => ({ ...toRow(event), id: `row ${i}` }));
  const box = document.createElement("div");
  box.style.cssText = "position: fixed; inset: 0; overflow-y: scroll; background: white";
  document.body.append(box);
  const list = new List(box, { onOpen() {} });
  list.show(rows);
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const found = [];
  for (const share of [0, 0.25, 0.5, 0.999, 1, 0.3]) {
    box.scrollTop = share * (box.scrollHeight - box.clientHeight);
    await frame();
    const shown = [...box.querySelectorAll(".row")].filter((row) => {
      const { top, bottom } = row.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    }).map((row) => Number(row.dataset.id.slice(4))).sort((a, b) => a - b);
    const height = box.scrollHeight / rows.length;
    found.push({ elements: box.querySelectorAll(".row").length, shown,
      first: Math.floor(box.scrollTop / height), last: Math.ceil((box.scrollTop + box.clientHeight) / height) - 1 });
  }
  return found;
}"""


def test_a_hundred_thousand_rows_are_few_elements(site: Site, open_page: Opener) -> None:
    """Wherever one scrolls, exactly the rows that belong there are seen."""
    site.add(story(1)[1])
    site.start()
    page = open_page(site.url)
    page.wait_for_selector("#row-0")
    for place in page.evaluate(MANY_ROWS):
        assert place["elements"] < 60
        assert place["shown"] == list(range(place["first"], place["last"] + 1))
