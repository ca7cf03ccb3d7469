"""Nothing that is measured on may be trained on: by id, by translation group, and by the words themselves.

Independent of how training filters: texts are compared as strings of letters and digits, sentence by sentence.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from training import articles, holdout
from training.event_data import training_documents
from training.ner_corpora import corpora
from training.ner_data import held_out_texts, is_test, train_sentences

LONG = 60  # letters of a sentence that two articles don't share by chance


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def long_sentences(text: str) -> set[str]:
    return {s for part in re.split(r"(?<=[.!?])\s|\n", text) if len(s := letters(part)) >= LONG}


@pytest.fixture(scope="module")
def held_out(data_dir: Path) -> list[dict]:
    records = [*articles.plain(), *articles.annotated(), *articles.entities_own()]
    return [record for record in records if articles.part(record) != "train"]


@pytest.fixture(scope="module")
def trained(data_dir: Path) -> list[dict]:
    labelled = [doc.record for doc in training_documents()]
    return labelled + [record for record in articles.plain() if articles.trainable(record)]


def test_the_split_never_moves() -> None:
    assert [round(holdout.number(u), 4) for u in ("en-wikinews_2019-0", "corpus_airbus/100911")] == [0.1718, 0.5864]


def test_the_parts_have_the_sizes_they_should(data_dir: Path) -> None:
    sizes = Counter(articles.part(record) for record in articles.annotated())
    assert sizes["test"] > 0.1 * sizes.total()
    assert sizes["dev"] > 0.05 * sizes.total()


def test_no_id_and_no_translation_group_on_both_sides(held_out: list[dict], trained: list[dict]) -> None:
    assert not {record["id"] for record in held_out} & {record["id"] for record in trained}
    groups = [{r["translation_group"] for r in side if r.get("translation_group")} for side in (held_out, trained)]
    assert not groups[0] & groups[1]


def test_no_held_out_text_is_trained_on(held_out: list[dict], trained: list[dict]) -> None:
    texts = {letters(record["text"])[:300] for record in held_out}
    assert not [record["id"] for record in trained if letters(record["text"])[:300] in texts]
    sentences = {sentence for record in held_out for sentence in long_sentences(record["text"])}
    for record in trained:
        own = long_sentences(record["text"])
        shared = own & sentences
        assert len(shared) <= max(1, 0.2 * len(own)), (record["id"], list(shared)[:3])


def test_no_held_out_text_is_in_the_entity_data(held_out: list[dict]) -> None:
    train = {letters(" ".join(s.words)) for sentences in train_sentences().values() for s in sentences}
    sentences = {sentence for record in held_out for sentence in long_sentences(record["text"])}
    tests = {letters(text.text) for name in corpora() for text in held_out_texts(name)}
    assert not {s for s in train if len(s) >= LONG} & (sentences | tests)


def test_authored_texts_are_never_measured_on(data_dir: Path) -> None:
    assert not [r for r in articles.annotated() if r["corpus"].startswith("authored")]
    assert all(articles.trainable(r) for r in articles.authored())
    measured = {r["id"] for r in articles.annotated()}
    assert not [r["id"] for r in articles.annotated_later() if r["id"] in measured or not articles.trainable(r)]


def test_the_users_sample_is_never_read(data_dir: Path) -> None:
    sample = letters((data_dir / "articles" / "user-sample-de.txt").read_text(encoding="utf-8"))
    records = [*articles.plain(), *articles.annotated(), *articles.authored()]
    assert not [r["id"] for r in records if long_sentences(r["text"]) and sample[:200] in letters(r["text"])]


def test_documents_of_one_corpus_are_on_one_side(data_dir: Path) -> None:
    for name in ("germeval", "smartdata", "own"):
        sides: dict[str, set[bool]] = {}
        for sentence in corpora()[name][1]():
            sides.setdefault(sentence.unit, set()).add(is_test(name, sentence))
        assert all(len(side) == 1 for side in sides.values()), name
