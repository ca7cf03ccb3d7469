from pathlib import Path

import numpy as np
import pytest

from training.labels import ENTITY_LABELS
from training.ner_corpora import Sentence, corpora, from_spans, read_columns, read_universal
from training.ner_data import encode, is_test, render

UNIVERSAL = """# newdoc id = a
# sent_id = 1
# text = (Siemens buys Altair's unit.)
1\t(\tO\t-\t-
2\tSiemens\tB-ORG\t-\t-
3\tbuys\tO\t-\t-
4\tAltair\tB-ORG\t-\t-
5\t's\tI-ORG\t-\t-
6\tunit\tO\t-\t-
7\t.\tO\t-\t-
8\t)\tO\t-\t-

"""


def test_universal_ner_keeps_the_original_text(tmp_path: Path) -> None:
    path = tmp_path / "en_x-ud-train.iob2"
    path.write_text(UNIVERSAL, encoding="utf-8")
    (sentence,) = read_universal(path)
    assert sentence.text == "(Siemens buys Altair's unit.)"
    assert [sentence.text[a:b] for a, b in sentence.spans or ()] == sentence.words
    assert sentence.marks[3:5] == [("B", "ORG"), ("I", "ORG")]
    assert sentence.marks[0] == ("", "OPEN")


def test_inside_outside_becomes_bio(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("Bonn I-LOC\nand O\nNew I-LOC\nYork I-LOC\nMarx I-PER\n\n", encoding="utf-8")
    names = {"LOC": "LOC", "PER": "PER"}
    (sentence,) = read_columns([path], names, outside="O", separator=None, inside_only=True)
    assert sentence.marks == [("B", "LOC"), ("", "O"), ("B", "LOC"), ("I", "LOC"), ("B", "PER")]


def test_spans_become_words_and_japanese_characters() -> None:
    sentence = from_spans("トヨタの新型 Prius C", [(0, 3, "ORG"), (7, 14, "PRODUCT")], "O", "1")
    assert [m for m in sentence.marks if m[0]] == [
        ("B", "ORG"),
        ("I", "ORG"),
        ("I", "ORG"),
        ("B", "PRODUCT"),
        ("I", "PRODUCT"),
    ]


def test_words_become_readable_text() -> None:
    words = ['"', "Yes", ",", '"', "said", "(", "Mr", ")", "Ma", "."]
    text, spans = render(Sentence(words, [("", "O")] * len(words), None, None, "1"))
    assert text == '"Yes," said (Mr) Ma.'
    assert [text[a:b] for a, b in spans] == words


@pytest.mark.parametrize("spaced", [False, True])
def test_pieces_get_the_labels_of_their_words(spaced: bool) -> None:
    marks = [("", "O"), ("", "SKIP"), ("B", "LOC"), ("", "O")]
    sentence = Sentence(["Hauptversammlung", "in", "Mönchengladbach", "?"], marks, None, None, "1")
    encoded = encode(sentence, spaced=spaced)
    begin, inside = (1 << ENTITY_LABELS.index(name) for name in ("B-LOC", "I-LOC"))
    assert (encoded.allowed == begin).sum() == 1
    assert (encoded.allowed == inside).sum() >= 1
    assert (encoded.weight[encoded.allowed == begin] == 1).all()
    assert (encoded.weight[encoded.allowed == 0] == 0).all()


def test_offsets_of_every_corpus(data_dir: Path) -> None:
    for name, (_, reader) in corpora(data_dir / "ner").items():
        mentions = 0
        for sentence in reader():
            assert len(sentence.words) == len(sentence.marks), name
            text, spans = render(sentence)
            for word, (start, end) in zip(sentence.words, spans, strict=True):
                assert text[start:end] == word, name
            before = ("", "O")
            for mark in sentence.marks:
                assert (mark[0] in "BI" and mark[0] != "") == (mark[1] not in ("O", "OPEN", "SKIP")), (name, mark)
                mentions += mark[0] == "B"
                before = mark
            assert before is not None
        assert mentions > 20, name


def test_official_test_files_are_tests(data_dir: Path) -> None:
    for name, (_, reader) in corpora(data_dir / "ner").items():
        shares = np.mean([is_test(name, sentence) for sentence in reader()])
        if name.endswith("-test"):
            assert shares == 1, name
        elif name in ("germeval", "smartdata", "stockmark", "own"):
            assert 0.05 < shares < 0.5, name
        else:
            assert shares == 0, name
