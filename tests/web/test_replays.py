"""Runs beside the folder that is shown, listed and compared."""

from pathlib import Path

import orjson
import pytest

from pipeline.history.runs import Pinned, Run, Taken, save_folder
from pipeline.web.replays import FolderRuns
from tests.cli.test_tail import make_folder
from tests.web.news import Caller, Given, client_of


def run(name: str, created_at: str) -> Run:
    pinned = Pinned(version="1", digest="0123abcd", language="fake@1+0123abcd", max_text=10, max_html=10)
    taken = Taken(topic="news.articles.raw", partitions=((0, 0, 3),))
    return Run(name=name, state="done", pinned=pinned, taken=taken, created_at=created_at, counts={"events": 2})


@pytest.fixture
def runs(tmp_path: Path) -> Caller:
    for name, texts in (
        ("old", ["Firma KAUFT.", "Firma KAUFT. Nichts.", "Firma KAUFT."]),
        ("new", ["Firma KAUFT.", "Firma KAUFT und KAUFT.", "Nichts."]),
        ("shown", ["Firma KAUFT."]),
        ("other", []),
    ):
        make_folder(tmp_path / name, *texts)
    save_folder(tmp_path / "old", run("old", "2026-01-01T00:00:00.000Z"))
    save_folder(tmp_path / "new", run("new", "2026-02-01T00:00:00.000Z"))
    return client_of(Given(), runs=FolderRuns(tmp_path / "shown"))


def test_the_newest_first(runs: Caller) -> None:
    found = runs.get("/replays").json()["replays"]
    assert [one["run"] for one in found] == ["new", "old", "shown"]
    assert found[0]["pinned"]["digest"] == "0123abcd"
    assert found[0]["counts"] == {"events": 2}
    assert found[2] == {"run": "shown"}


def test_compared(runs: Caller) -> None:
    answer = runs.get("/replays/old/diff/new")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    summary = found["summary"]
    assert (summary["articles"], summary["lost"]) == (3, 1)
    assert summary["same"] + summary["changed"] + summary["rescored"] == 2
    assert summary["added"] == 1
    assert sum(values["a"] for values in summary["by"]["class"].values()) == summary["a"]["events"] == 3
    assert len(found["items"]) == summary["added"] + summary["lost"] + summary["changed"]
    lost = next(item for item in found["items"] if item["kind"] == "lost")
    assert lost["a"]["article"]["id"] == "a2"
    assert lost["b"] is None
    few = runs.get("/replays/old/diff/new?limit=1").json()
    assert len(few["items"]) == 1
    assert few["summary"] == summary
    assert (found["more"], few["more"]) == (False, True)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/replays/old/diff/nwe", 404, "Nearest: new"),
        ("/replays/old/diff/old", 400, "the same run"),
        ("/replays/old/diff/..%2Fold", 404, "nothing at this path"),
        ("/replays/old/diff/%2E%2E", 404, ""),
        ("/replays/old/diff/other", 404, "no run 'other'"),
        ("/replays/old/diff/%00", 404, "no run"),
        ("/replays/old/diff/new?limit=-1", 400, "from 0 to 1000"),
        ("/replays/old/diff/new?class=deal", 400, "no parameter 'class'"),
    ],
)
def test_what_can_not_be_compared(runs: Caller, path: str, status: int, says: str) -> None:
    answer = runs.get(path)
    assert answer.status_code == status
    assert says in answer.json()["detail"]


def test_a_damaged_run_is_told(tmp_path: Path) -> None:
    make_folder(tmp_path / "shown", "Firma KAUFT.")
    (tmp_path / "shown" / "run.json").write_bytes(orjson.dumps({"name": 1}))
    answer = client_of(Given(), runs=FolderRuns(tmp_path / "shown")).get("/replays")
    assert answer.status_code == 503
    assert "does not describe a run" in answer.json()["detail"]
