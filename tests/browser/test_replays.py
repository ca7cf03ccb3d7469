"""Two runs beside each other: what there is, and what one says otherwise than the other."""

from pathlib import Path

import pytest

from pipeline.history.runs import Pinned, Run, Taken, save_folder
from tests.browser.conftest import Opener
from tests.browser.site import MODELS, Site, story

pytestmark = pytest.mark.browser


def replay(folder: Path) -> Site:
    """A folder that a replay wrote."""
    folder.mkdir()
    pinned = Pinned(version="0.2.0", digest="0" * 64, max_text=1, max_html=1, **MODELS)
    taken = Taken(archive="archive", topic="news.articles.raw", partitions=((0, 0, 3),), since="2026-11-01T00:00:00Z")
    run = Run(name=folder.name, state="done", pinned=pinned, taken=taken, created_at="2026-11-25T12:00:00.000Z")
    save_folder(folder, run)
    return Site(folder)


def test_runs_and_what_differs_between_them(site: Site, open_page: Opener) -> None:
    new = replay(site.folder.parent / "new")
    article, event = story(2)
    event |= {"status": "cancelled", "confidence": 0.5}
    lawsuit_article, lawsuit = story(4, kind="legal.lawsuit")
    site.add(*story(1), *story(2), *story(3), lawsuit_article)
    new.add(*story(1), article, event, story(3)[0], lawsuit_article, lawsuit)
    site.start()
    page = open_page(f"{site.url}?view=replays")
    page.wait_for_selector(".compare")
    runs = page.locator("tbody tr").all_inner_texts()
    assert any("new\tdone\t" in run and "archive, from 2026-11-01" in run for run in runs)
    page.locator(".compare select").first.select_option("news")
    page.locator(".compare select").last.select_option("new")
    page.get_by_role("button", name="Show the differences").click()
    page.wait_for_selector(".differences li")
    sums = page.locator(".sums").inner_text().split("\n")
    assert sums == [
        "1 the same", "0 only other scores", "1 told otherwise", "1 only in the first", "1 only in the second",
    ]  # fmt: skip
    changed = page.locator(".differences [data-kind=changed]")
    assert {"completed", "cancelled", "76%", "50%"} <= set(changed.locator(".differs").all_inner_texts())
    assert "Lawsuit" in page.locator(".differences [data-kind=added]").inner_text()
    assert "Second: nothing" in page.locator(".differences [data-kind=lost]").inner_text()
    page.reload()
    page.wait_for_selector(".differences li")  # the pair stands in the address
