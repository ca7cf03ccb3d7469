"""A real Chromium, and pages that watch their console: an error or a refused resource fails the test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.site import Site
from tests.conftest import skip_unless_ci

Opener = Callable[..., Any]
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def pages() -> Iterator[list[Any]]:
    """Pages of Debian's chromium that nobody uses; the first element is their context, to make more.

    For a module only: the event loop of playwright, which drives it, is in the way of other tests.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        skip_unless_ci("no chromium is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context(timezone_id="UTC", reduced_motion="reduce")
        context.set_default_timeout(WAIT_MS)
        yield [context]
        browser.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An empty folder; `site.start()` serves it."""
    folder = tmp_path / "news"
    folder.mkdir()
    site = Site(folder)
    yield site
    site.stop()


@pytest.fixture
def open_page(pages: list[Any]) -> Iterator[Opener]:
    """`open_page(url, width=, height=, dark=, expected=)`: a page on a site of its own.

    `expected`: what an error in the console may say, as the test provokes it. A page of an earlier test is taken where
    there is one, a third of the work of a fresh one; the site's port is another, so nothing is stored for it.
    """
    complaints: list[str] = []
    used: list[tuple[Any, dict[str, Callable[[Any], Any]]]] = []

    def opener(url: str, *, width: int = 1280, height: int = 800, dark: bool = False, expected: str = "") -> Any:
        def console(message: Any) -> None:
            provoked = expected and expected in message.text
            if message.type in ("error", "warning") and not provoked:
                complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

        page = pages.pop() if len(pages) > 1 else pages[0].new_page()
        listeners = {
            "console": console,
            "pageerror": lambda error: complaints.append(f"not caught: {error}"),
            "dialog": lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()),
        }
        for name, listener in listeners.items():
            page.on(name, listener)
        used.append((page, listeners))
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(url)
        return page

    yield opener
    for page, listeners in used:
        page.goto("about:blank")
        page.unroute_all()
        for name, listener in listeners.items():
            page.remove_listener(name, listener)
        pages.append(page)
    assert complaints == []
