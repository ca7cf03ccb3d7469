"""What happens while one looks: events come in, connections break, workers die."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.browser.conftest import Opener
from tests.browser.relay import Relay
from tests.browser.site import Site, story
from tests.browser.test_page import rows, wait_rows

pytestmark = pytest.mark.browser


def wait_state(page: Any, state: str) -> None:
    page.wait_for_selector(f"#connection[data-state={state}]")


def test_events_come_in_on_top_once_each(site: Site, open_page: Opener) -> None:
    site.add(*story(1))
    site.start()
    page = open_page(site.url)
    wait_state(page, "live")
    site.add(*story(2), story(1)[1], *story(3))  # 1 is told twice, as after a restart of a worker
    wait_rows(page, 3, 2, 1)
    page.wait_for_function("() => document.querySelector('#found').textContent === '3 events'")


def test_who_reads_further_down_is_not_pushed_away(site: Site, open_page: Opener) -> None:
    site.add(*(story(number)[1] for number in range(1, 61)))
    site.start()
    page = open_page(site.url)
    wait_state(page, "live")
    page.locator("#list").evaluate("list => { list.scrollTop = 1500 }")
    page.wait_for_selector("#row-22")
    place = "rows => rows.map(row => [row.dataset.id, Math.round(row.getBoundingClientRect().top)]).sort()"
    before = dict(page.locator(".row").evaluate_all(place))
    site.add(story(100)[1], story(101)[1])
    page.get_by_role("button", name="2 new").wait_for()
    after = dict(page.locator(".row").evaluate_all(place))
    both = before.keys() & after.keys()
    assert len(both) > 10
    assert {name: before[name] for name in both} == {name: after[name] for name in both}
    page.get_by_role("button", name="2 new").click()
    page.wait_for_function("() => document.querySelector('#row-0')?.dataset.id === 'event-00000101'")
    assert not page.locator("#news").is_visible()


def test_filters_hold_for_live_events(site: Site, open_page: Opener) -> None:
    site.add(*story(1))
    site.start()
    page = open_page(f"{site.url}?class=legal")
    page.get_by_text("No such events.").wait_for()
    site.add(*story(2), *story(3, kind="legal.lawsuit"))
    wait_rows(page, 3)


def test_paused_events_wait(site: Site, open_page: Opener) -> None:
    site.add(*story(1))
    site.start()
    page = open_page(site.url)
    wait_state(page, "live")
    page.keyboard.press("p")
    site.add(*story(2), *story(3))
    page.get_by_role("button", name="Let 2 in").wait_for()
    assert rows(page) == [1]
    page.keyboard.press("p")
    wait_rows(page, 3, 2, 1)


def test_after_a_broken_connection_nothing_is_missing_or_double(site: Site, open_page: Opener) -> None:
    """The line breaks and comes back: the server resumes where the page was."""
    site.add(*story(1))
    site.start()
    with Relay(site.port) as relay:
        page = open_page(relay.url, expected="ERR_")
        wait_state(page, "live")
        relay.cut()
        wait_state(page, "lost")
        page.get_by_text("The live connection is lost.").wait_for()
        site.add(*(record for number in range(2, 6) for record in story(number)))
        assert rows(page) == [1]
        relay.mend()
        wait_state(page, "live")
        wait_rows(page, 5, 4, 3, 2, 1)
        site.add(*story(6))
        wait_rows(page, 6, 5, 4, 3, 2, 1)
        page.wait_for_function("() => !document.querySelector('.notice')")


def test_a_server_that_starts_again_is_found_again(site: Site, open_page: Opener) -> None:
    """Its places are new: the page reads the list again, whatever was written meanwhile."""
    site.add(*story(1))
    site.start()
    page = open_page(site.url, expected="ERR_")
    wait_state(page, "live")
    site.stop()
    wait_state(page, "lost")
    site.add(*story(2), {**story(1)[1], "action": "delete", "produced_at": "2026-11-25T13:00:00.000Z"})
    site.start()
    wait_state(page, "live")
    wait_rows(page, 1, 2)
    assert page.locator("#row-0 .tag").inner_text() == "retracted"
    site.add(*story(3))
    wait_rows(page, 3, 1, 2)


def test_a_page_waits_for_a_server_that_is_not_up(site: Site, open_page: Opener) -> None:
    site.add(*story(1))
    site.start()
    page = open_page(site.url, expected="ERR_")
    wait_rows(page, 1)
    page.route("**/taxonomy", lambda route: route.abort())
    page.reload()
    page.get_by_text("The server can't be reached.").wait_for()
    page.unroute("**/taxonomy")
    wait_rows(page, 1)


@contextmanager
def health_page() -> Iterator[ThreadingHTTPServer]:
    """A worker's health page: it says that it is well."""

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Well)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_a_dead_worker_is_seen_on_every_view(site: Site, open_page: Opener) -> None:
    """How soon is measured by `python -m tests.bench.page`."""
    site.add(*story(1))
    samples = {"seconds": 10, "times": ["2026-11-25T12:00:00.000Z", "2026-11-25T12:00:10.000Z"], "lag": [7, None]}
    with health_page() as worker:
        site.workers = [f"http://127.0.0.1:{worker.server_address[1]}"]
        site.start()
        page = open_page(site.url)
        page.route(
            "**/stats/history", lambda route: route.fulfill(json={**samples, "p50": [0.5, None], "p99": [70, 9]})
        )
        page.get_by_text("1 worker").wait_for()
    page.wait_for_selector("#workers[data-state=dead]", timeout=60_000)
    notice = page.locator(".notice.bad")
    assert f"Worker {site.workers[0]} is dead, last seen" in notice.inner_text()
    notice.get_by_role("link", name="Show the workers").click()
    page.wait_for_selector("#view-health tr[data-state=dead]")

    def numbers(title: str) -> list[str]:
        chart = page.locator("figure", has=page.get_by_role("heading", name=title))
        chart.get_by_role("button", name="Numbers").click()
        return chart.locator("tbody tr").all_inner_texts()

    # What was before the page was opened.
    page.wait_for_selector("figure:not(.nothing) h2:text-is('Messages that wait')")
    assert numbers("Messages that wait") == ["25 Nov, 12:00:00\t7"]
    assert numbers("From arrival to events") == ["25 Nov, 12:00:10\t–\t9.0 s", "25 Nov, 12:00:00\t0.5 s\t70 s"]
