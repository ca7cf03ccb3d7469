"""The index of known articles: what was added is found, also after an end, and nothing false is."""

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.streams.positions import Positions, digest_of


def test_places_are_found_the_last_first_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = Positions(path, source="topic 1")
    index.add([(b"a", "t/0/1", 0, 5), (b"b", None, 0, 6), (b"a", "t/0/2", 0, 7), (b"a", "t/0/3", 1, 2)], {0: 8, 1: 3})
    index.close()
    index = Positions(path, source="topic 1")
    found = index.find(b"a")
    assert [place[:2] for place in found] == [(0, 7), (0, 5), (1, 2)]
    assert [place.trace for place in found] == [digest_of(f"t/0/{n}") for n in (2, 1, 3)]
    assert index.find(b"c") == []
    assert index.covered() == {0: 8, 1: 3}
    index.forget(0, 7)
    assert [place[:2] for place in index.find(b"a")] == [(0, 7), (1, 2)]
    index.add([(b"a", "t/0/2", 0, 7)], {0: 9})  # read twice: no second place
    assert len(index.find(b"a")) == 2


def test_an_index_of_another_topic_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    index = Positions(path, source="topic 1")
    index.add([(b"a", "t", 0, 5)], {0: 8})
    index.close()
    assert Positions(path, source="topic 2, made after topic 1 was deleted").covered() == {}


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_index_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.sqlite"
    path.write_bytes(content)
    index = Positions(path, source="t")
    assert index.covered() == {}
    index.add([(b"a", "t", 0, 5)], {0: 6})
    assert index.find(b"a")


def test_a_second_process_is_told(tmp_path: Path) -> None:
    index = Positions(tmp_path / "index.sqlite", source="t")
    with pytest.raises(SettingsError, match=r"in use: another worker .*EVENTWIRE_SLOT"):
        Positions(tmp_path / "index.sqlite", source="t")
    index.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"can't be opened.*EVENTWIRE_STATE"):
        Positions(tmp_path / "none" / "index.sqlite", source="t")


def test_keys_of_any_bytes() -> None:
    index = Positions()
    keys = [b"", b"\0", b"\xff\xfe", "ß".encode(), b"a" * 10_000]
    index.add([(key, "t", 0, n) for n, key in enumerate(keys)], {0: len(keys)})
    assert [index.find(key)[0].offset for key in keys] == list(range(len(keys)))
    assert -(2**63) <= digest_of(b"x") < 2**63


def test_an_article_that_is_sent_again_and_again_stays_cheap() -> None:
    index = Positions()
    index.add([(b"a", f"t/0/{n}", n % 2, n) for n in range(5_000)], {})
    index.add([(b"b", "t", 0, 0)], {})
    found = index.find(b"a")
    assert len(found) == 2 * 256
    assert [place[:2] for place in found[:2]] == [(0, 4998), (0, 4996)]
    assert [place[:2] for place in found[256:258]] == [(1, 4999), (1, 4997)]
    assert index.find(b"a") == found
    assert len(index.find(b"b")) == 1
