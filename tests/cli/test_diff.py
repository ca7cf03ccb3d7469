"""`eventwire diff`: the table, the JSON and the page, also for what strangers wrote."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.cli import main as cli
from pipeline.cli.diff_html import page
from pipeline.cli.diff_plots import bars, histogram
from pipeline.history.diff import Difference, Side, Summary, count
from pipeline.local.folder import Folder, message_digest
from pipeline.settings import Settings
from pipeline.streams.message import Output
from pipeline.streams.processor import Processor
from pipeline.streams.topics import load_topics
from tests.conftest import skip_unless_ci
from tests.fake_stages import fake_steps, raw
from tests.history.test_diff import event

Capture = pytest.CaptureFixture[str]
HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e\x00</style>-->]]>"


def run_folder(folder: Path, *texts: str, change: Any = None) -> Path:
    """What `eventwire run --out` leaves of these articles."""
    processor = Processor(fake_steps(), Settings())
    with Folder(folder, topics=list(load_topics()), made_with={"stages": "language,entities,events"}) as out:
        for number, text in enumerate(texts):
            message = raw(text, id=f"a{number}", title=f"T{number} {HOSTILE if 'BÖSE' in text else ''}", offset=number)
            outputs = processor.process(message).outputs
            out.write(message_digest(message), [change(output) if change else output for output in outputs])
    return folder


def denied(output: Output) -> Output:
    """The same, but every event is denied and surer."""
    if ".events." not in output.topic:
        return output
    record = orjson.loads(output.value or b"")
    value = orjson.dumps({**record, "status": "denied", "confidence": 0.75})
    return Output(topic=output.topic, key=output.key, value=value, headers=output.headers)


@pytest.fixture
def two(tmp_path: Path) -> tuple[str, str]:
    a = run_folder(tmp_path / "a", "Firma KAUFT.", "Nichts.", "BÖSE KAUFT. Und KAUFT.", "Noch KAUFT.")
    b = run_folder(tmp_path / "b", "Firma KAUFT.", "Firma KAUFT.", "BÖSE KAUFT. Und kauft.", change=denied)
    return str(a), str(b)


def test_no_difference(tmp_path: Path, capsys: Capture) -> None:
    a, b = run_folder(tmp_path / "a", "Firma KAUFT."), run_folder(tmp_path / "b", "Firma KAUFT.")
    assert cli.run(["diff", str(a), str(b)]) == 0
    shown = capsys.readouterr().out
    assert "1 articles compared: 1 events are the same, 0 lost, 0 added, 0 changed, 0 rescored" in " ".join(
        shown.split()
    )
    assert "no difference" in shown


def test_the_table(two: tuple[str, str], capsys: Capture) -> None:
    assert cli.run(["diff", *two]) == 1
    shown = capsys.readouterr().out
    assert "3 articles compared: 0 events are the same, 1 lost, 1 added, 2 changed" in " ".join(shown.split())
    assert "status announced" in " ".join(shown.split())
    assert "status denied" in " ".join(shown.split())
    assert "<U+202E>" in shown
    assert not {"\x1b", "\x00", "\u202e"} & set(shown)
    assert cli.run(["diff", *two, "--limit", "0"]) == 1
    assert "status denied" not in " ".join(capsys.readouterr().out.split())


def test_json_has_everything(two: tuple[str, str], capsys: Capture) -> None:
    assert cli.run(["diff", *two, "--format", "json", "--limit", "0", "--quiet"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [d["kind"] for d in told["differences"]] == ["changed", "changed", "added", "lost"]
    changed = told["differences"][0]
    assert changed["fields"] == ["status", "confidence"]
    assert (changed["a"]["status"], changed["b"]["status"]) == ("announced", "denied")
    summary = told["summary"]
    assert summary["kinds"] == {"changed": 2, "added": 1, "lost": 1}
    assert summary["by"]["type"]["deal.acquisition"] == {"a": 3, "b": 3, "changed": 2, "added": 1, "lost": 1}
    assert (summary["same"], summary["equal"], summary["compared"], summary["a"]["articles"]) == (0, False, 3, 4)


class Page(HTMLParser):
    """What a browser would find in the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def check_harmless(text: str) -> Page:
    found = Page(text)
    assert "script" not in found.tags
    assert found.tags.count("style") == 1
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert "default-src 'none'" in text
    return found


def test_the_page(two: tuple[str, str], tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "report.html"
    assert cli.run(["diff", *two, "--html", str(file)]) == 1
    found = check_harmless(file.read_text(encoding="utf-8"))
    assert found.tags.count("svg") == 5
    assert found.tags.count("article") == 4
    assert found.tags.count("mark") == 6
    assert "<script>alert(1)</script>" in found.text, "shown as text"


def test_a_page_of_hostile_words_alone(tmp_path: Path) -> None:
    fields = dict.fromkeys(("type", "class", "status", "similarity_key"), HOSTILE)
    article = dict.fromkeys(("id", "title", "url", "source", "language", "published_at"), HOSTILE)
    who = {"role": HOSTILE, "text": HOSTILE, "name": HOSTILE, "start": 0, "end": 1}
    quote = {"text": HOSTILE, "start": 0, "end": len(HOSTILE)}
    one = event("e", **fields, participants=[who], amounts=[{"text": HOSTILE}], event_date={"text": HOSTILE})
    one |= {"article": article, "evidence": [quote], "trigger": {"text": HOSTILE[:8], "start": 0, "end": 8}}
    side = Side(name=HOSTILE, events=1)
    side.models[HOSTILE] = 1
    summary = Summary(a=side, b=side, compared=1)
    some = {}
    for kind, a, b in (("lost", one, None), ("added", None, one), ("changed", one, one), ("rescored", one, one)):
        difference = Difference(kind=kind, a=a, b=b, fields=(HOSTILE, "participants", "trigger"))  # type: ignore[arg-type]
        count(summary, difference)
        some[kind] = [difference]
    found = check_harmless(page(summary, some))
    assert found.tags.count("article") == 4


def test_plots() -> None:
    values = [("deal", {"lost": 2, "added": 1, "changed": 1}), ("legal", {"lost": 0, "added": 0, "changed": 0})]
    drawn = bars(values, label="x")
    assert drawn.count("<rect") == 3
    assert "legal" not in drawn
    assert bars([values[1]], label="x") == ""
    assert bars([(str(n), values[0][1]) for n in range(50)], label="x").count("<text") == 60
    assert histogram([0] * 20, [0] * 20).count("<rect") == 0
    assert histogram([1, *[0] * 19], [0] * 19 + [5]).count("<rect") == 1


@pytest.mark.browser
def test_the_page_in_a_browser(two: tuple[str, str], tmp_path: Path) -> None:
    """Nothing runs, nothing is loaded, nothing is wider than a phone."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_unless_ci("no chromium: apt install chromium")
    file = tmp_path / "report.html"
    assert cli.run(["diff", *two, "--html", str(file)]) == 1
    picture = tmp_path / "page.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=390,900", f"--screenshot={picture}"]
    command = [str(chromium), *options, "--enable-logging=stderr", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True, cwd=tmp_path)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert not [line for line in done.stderr.splitlines() if "CONSOLE" in line], "no blocked script, no error"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["A", "A"], "the same run"),
        (["A", "./none"], "is not a folder"),
        (["A", "EMPTY"], "holds no topic files"),
        (["A", "B", "--html", "none/x.html"], "there is no folder none"),
        (["A", "B", "--html", "."], "cannot be written"),
        (["A"], "RUN_B"),
    ],
)
def test_mistakes(options: list[str], says: str, two: tuple[str, str], tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "empty").mkdir()
    places = {"A": two[0], "B": two[1], "EMPTY": str(tmp_path / "empty")}
    assert cli.run(["diff", "--quiet", *(places.get(option, option) for option in options)]) == 2
    assert says in capsys.readouterr().err.splitlines()[-1]
