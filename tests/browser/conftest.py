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
def chromium() -> Iterator[Any]:
    """Debian's chromium, driven by playwright; for a module only, since its event loop is in the way of others."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        skip_unless_ci("no chromium is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
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
def open_page(chromium: Any) -> Iterator[Opener]:
    """`open_page(url, width=, height=, dark=, expected=)`: a page in a fresh context.

    `expected`: what an error in the console may say, as the test provokes it.
    """
    contexts, complaints = [], []

    def opener(url: str, *, width: int = 1280, height: int = 800, dark: bool = False, expected: str = "") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", timezone_id="UTC"
        )
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()

        def console(message: Any) -> None:
            provoked = expected and expected in message.text
            if message.type in ("error", "warning") and not provoked:
                complaints.append(f"{message.type}: {message.text} ({message.location.get('url')})")

        page.on("console", console)
        page.on("pageerror", lambda error: complaints.append(f"not caught: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert complaints == []
