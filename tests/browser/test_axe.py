"""Accessibility: axe-core, the checker that browsers' own tools use, finds nothing in any view, light or dark."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Opener
from tests.browser.site import Site, story
from tests.conftest import ROOT, skip_unless_ci

pytestmark = pytest.mark.browser

HERE = Path(__file__).resolve().parent / "axe"
RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], runOnly:
    ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
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
    if not shutil.which("npm"):
        skip_unless_ci("npm is not installed: axe-core comes from its registry")
    files = [HERE / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
    folder = ROOT / ".cache" / f"axe-{digest}"
    source = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not source.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in files:
            shutil.copy(file, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)
        if done.returncode:
            shutil.rmtree(folder)
            skip_unless_ci(f"npm could not install axe-core: {done.stderr.strip()[-300:]}")
    return source.read_text("utf-8")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, True)], ids=["light", "dark", "phone"])
def test_no_violations(site: Site, open_page: Opener, axe: str, width: int, dark: bool) -> None:
    article, event = story(1)
    event["event_date"] = {**event["trigger"], "date": "2025-09-24"}
    retracted = {**story(3, kind="legal.lawsuit")[1], "action": "delete"}
    site.add(article, event, *story(2, status="announced", kind="market.listing"), retracted)
    site.workers = ["http://127.0.0.1:9"]  # nobody answers there
    site.start()
    page = open_page(site.url, dark=dark, width=width)
    # Nothing may hide behind a transition.
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector("#row-2")
    page.wait_for_selector(".notice.bad")
    page.evaluate(axe)  # by the driver: the page's own policy lets no such script in

    def check(what: str) -> None:
        found: list[str] = page.evaluate(RUN)
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
