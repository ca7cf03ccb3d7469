"""`python -m tests.bench.page`: the dashboard with 100,000 events in a real Chromium. Prints, asserts nothing.

1. How long the server takes to read them, and the page to show the first rows.
2. Scrolling through all of them while they are loaded, then through the loaded list up and down, then at rest while
   events come in: time between frames, and how long the page's thread computed at a stretch. More than 50 ms is a
   "long task", what people feel as a stall. Counted is the thread's own time, which other work on the machine doesn't
   touch, as it does the frames.
3. How long after a worker's death the page says so.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.browser.site import Record, Site, story
from tests.browser.test_live import health_page

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("deal.acquisition", "legal.lawsuit", "market.listing", "macro.indicator", "politics.election")

# Moves the list by `step` pixels a frame until `ms` are over; with ms 0, until all events are loaded and seen.
SCROLL = """async ({ step, ms }) => {
  const list = document.getElementById("list");
  const foot = document.getElementById("foot");
  const begin = performance.now();
  const frames = [];
  let most = 0;
  let last = begin;
  let way = step;
  for (;;) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    most = Math.max(most, list.querySelectorAll(".row").length);
    const low = list.scrollTop + list.clientHeight >= list.scrollHeight - 1;
    if (ms ? now - begin > ms : low && foot.textContent.startsWith("The end")) break;
    if (ms && (low || list.scrollTop === 0)) way = low ? -Math.abs(step) : Math.abs(step);
    list.scrollTop += way;
  }
  await new Promise((done) => setTimeout(done, 200));
  frames.sort((a, b) => a - b);
  const at = (share) => Math.round(frames[Math.floor(share * (frames.length - 1))]);
  return { seconds: Math.round((last - begin) / 100) / 10, frames: frames.length, p50: at(0.5), p99: at(0.99),
    worst: at(1), rows: most,
    length: Math.round(list.scrollHeight / parseFloat(getComputedStyle(list.firstChild).getPropertyValue("--row"))) };
}"""


def events(count: int) -> Iterator[Record]:
    titles = [json.loads(line).get("title") for line in (ROOT / "examples" / "articles.jsonl").open(encoding="utf-8")]
    titles = [title for title in titles if title]
    for number in range(count):
        title = f"{titles[number % len(titles)]} {number}"
        _, event = story(number, title, kind=KINDS[number % len(KINDS)], confidence=(number % 100) / 100)
        yield event


@contextmanager
def dashboard(folder: Path, *options: str) -> Iterator[str]:
    """`eventwire dashboard` in a process of its own; its address."""
    command = [sys.executable, "-m", "pipeline.cli.main", "dashboard", str(folder), "--port", "0", *options]
    program = shutil.which("eventwire", path=str(Path(sys.executable).parent))
    if program:
        command[:3] = [program]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        said = ""
        for text in server.stderr:
            said += text
            if text.startswith("http://"):
                yield text.split()[0]
                break
        else:
            raise SystemExit(f"the dashboard did not start: {said}")
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def computing(browser: Any, page: Any, what: str) -> Iterator[None]:
    """Prints how long the page's thread computed at a stretch meanwhile."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        browser.start_tracing(page=page, path=file.name, categories=["toplevel"])
        yield
        browser.stop_tracing()
        events = json.loads(Path(file.name).read_bytes())["traceEvents"]
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    tasks: dict[int, list[float]] = {}  # by process: the one that computed most is the page's
    for task in events:
        if (
            task["name"] == "ThreadControllerImpl::RunTask"
            and names.get((task["pid"], task["tid"])) == "CrRendererMain"
        ):
            tasks.setdefault(task["pid"], []).append(task.get("tdur", 0) / 1000)
    own = sorted(max(tasks.values(), key=sum))
    busy = [task for task in own if task > 1]
    print(
        f"{what}: {len(busy)} tasks above 1 ms of computing, p50 {statistics.median(busy):.0f} ms, "
        f"p99 {busy[int(0.99 * (len(busy) - 1))]:.0f} ms, longest {own[-1]:.0f} ms, "
        f"long tasks (above 50 ms) {sum(task > 50 for task in own)}"
    )


def tell(found: dict[str, Any]) -> None:
    print(
        f"  {found['length']:,} rows, at most {found['rows']} elements; "
        f"{found['seconds']} s, {found['frames']} frames, between two of them "
        f"p50 {found['p50']} ms, p99 {found['p99']} ms, worst {found['worst']} ms"
    )


def scrolling(browser: Any, page: Any, site: Site, count: int) -> None:
    with computing(browser, page, "scrolled through while loading"):
        tell(page.evaluate(SCROLL, {"step": 6000, "ms": 0}))
    with computing(browser, page, "up and down, a screen a frame"):
        tell(page.evaluate(SCROLL, {"step": 700, "ms": 15_000}))
    with computing(browser, page, "up and down, 160 rows a frame"):
        tell(page.evaluate(SCROLL, {"step": 12_000, "ms": 15_000}))
    page.evaluate("document.getElementById('list').scrollTop = 0")
    with computing(browser, page, "200 events coming in on top"):
        for number in range(200):
            site.add(story(count + number)[1])
            time.sleep(0.02)
        name = f"event-{count + 199:08}"
        page.wait_for_function(
            "name => document.querySelector('#row-0')?.dataset.id === name", arg=name, timeout=120_000
        )
    heap = page.evaluate("performance.memory.usedJSHeapSize")
    print(f"the page's memory: {heap / 1e6:.0f} MB of JavaScript")


def death(browser: Any, folder: Path) -> float:
    """Seconds from the death of a worker's health page to the page saying so."""
    with health_page() as worker:
        address = f"http://127.0.0.1:{worker.server_address[1]}"
        running = dashboard(folder, "--worker", address)
        page = browser.new_page()
        page.goto(running.__enter__())
        page.wait_for_selector("#workers[data-state=alive]", timeout=60_000)
    begin = time.monotonic()
    page.wait_for_selector("#workers[data-state=dead]", timeout=60_000)
    seconds = time.monotonic() - begin
    page.close()
    running.__exit__(None, None, None)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--deaths", type=int, default=3)
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        path = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--enable-precise-memory-info"])
        site = Site(Path(name))
        site.add(*events(options.events))
        begin = time.monotonic()
        with dashboard(site.folder) as url:
            print(f"the server read {options.events:,} events in {time.monotonic() - begin:.1f} s")
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            begin = time.monotonic()
            page.goto(url)
            page.wait_for_selector("#row-0", timeout=60_000)
            print(f"first rows after {time.monotonic() - begin:.1f} s")
            scrolling(browser, page, site, options.events)
            page.close()
        small = Site(Path(tempfile.mkdtemp(dir=name)))
        small.add(*story(1))
        seconds = [death(browser, small.folder) for _ in range(options.deaths)]
        if seconds:
            print(f"a dead worker is seen after {statistics.median(seconds):.1f} s, at most {max(seconds):.1f} s")
        browser.close()


if __name__ == "__main__":
    main()
