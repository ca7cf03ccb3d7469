"""Accessibility: axe-core, the checker that browsers' own tools use, finds nothing in any view, light or dark."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Opener
from tests.browser.site import Site, story
from tests.npm import installed

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent / "axe"
ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast"]
RUN = """async (runOnly) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly });
  const where = (nodes) => nodes.map((node) => node.target).slice(0, 3).join(" ");
  return violations.map(({ id, help, nodes }) => `${id}: ${help} ${where(nodes)}`);
}"""
RUNS = {
    "replays": [
        {"run": name, "state": "done", "created_at": "2026-11-25T12:00:00.000Z", "counts": {"events": 3}}
        for name in ("old", "new")
    ]
}


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's source, installed once below `.cache/` from the lock file."""
    source = installed("axe", HERE) / "node_modules" / "axe-core" / "axe.min.js"
    return source.read_text("utf-8")


@pytest.mark.parametrize(
    ("width", "dark", "rules"),
    [(1280, False, ALL), (1280, True, COLOURS), (390, True, ALL)],
    ids=["light", "dark", "phone"],
)
def test_no_violations(site: Site, open_page: Opener, axe: str, width: int, dark: bool, rules: list[str]) -> None:
    article, event = story(1)
    event["event_date"] = {**event["trigger"], "date": "2025-09-24"}
    retracted = {**story(3, kind="legal.lawsuit")[1], "action": "delete"}
    site.add(article, event, *story(2, status="announced", kind="market.listing"), retracted)
    site.workers = ["http://127.0.0.1:9"]  # nobody answers there
    site.start()
    page = open_page(site.url, dark=dark, width=width)
    page.wait_for_selector("#row-2")
    page.wait_for_selector(".notice.bad")
    page.evaluate(axe)  # by the driver: the page's own policy lets no such script in

    def check(what: str) -> None:
        found: list[str] = page.evaluate(RUN, rules)
        assert found == [], what

    check("the list")
    page.keyboard.press("f")
    page.get_by_role("button", name="Types of Deal").click()
    check("the filters")
    page.keyboard.press("Escape")
    page.get_by_role("option").nth(2).click()
    page.wait_for_selector("#detail .text")
    check("an event")
    page.keyboard.press("?")
    check("the help")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Health").click()
    page.wait_for_selector("#view-health .uplot")
    for button in page.get_by_role("button", name="Numbers").all():
        button.click()
    check("the health")
    page.route("**/replays", lambda route: route.fulfill(json=RUNS))
    page.route("**/replays/old/diff/new", lambda route: route.fulfill(json=difference(event)))
    page.get_by_role("link", name="Replays").click()
    page.locator(".compare select").first.select_option("old")
    page.locator(".compare select").last.select_option("new")
    page.get_by_role("button", name="Show the differences").click()
    page.wait_for_selector(".differences li")
    assert "view=replays&a=old&b=new" in page.url
    assert page.locator(".differences .differs").all_inner_texts() == ["completed", "cancelled"]
    check("the replays")


def difference(event: dict[str, Any]) -> dict[str, Any]:
    after = json.loads(json.dumps(event)) | {"status": "cancelled"}
    return {
        "summary": {"articles": 3, "same": 1, "rescored": 0, "changed": 1, "lost": 0, "added": 1},
        "items": [
            {"kind": "changed", "a": event, "b": after, "fields": ["status"]},
            {"kind": "added", "a": None, "b": event, "fields": []},
        ],
    }
