import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.encoder import Model, Reading

pytestmark = pytest.mark.model

TEXTS = [
    "Siemens kauft Altair\n\nSiemens übernimmt den US-Softwarehersteller Altair für 10,6 Milliarden Dollar.",
    "Fed hebt Zinsen\n\nDie US-Notenbank hat den Leitzins erhöht. " + "Der Dollar stieg daraufhin deutlich. " * 60,
    "La Banque de France publie ses prévisions.\n\nL’inflation recule à 2,1 % en mars.",
    "x",
]


def sentences(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for part in text.replace("\n\n", ". ").split(". "):
        start = text.find(part.rstrip("."), at)
        if part.strip("."):
            spans.append((start, start + len(part.rstrip("."))))
            at = spans[-1][1]
    return spans


def same(a: Reading, b: Reading) -> bool:
    arrays = [name for name in Reading.__slots__ if name != "role_head"]
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)


def test_shapes_and_ranges(model: Model) -> None:
    text = TEXTS[1]
    reading = model.read(text, sentences(text))
    n, s = len(reading.pieces), len(sentences(text))
    assert reading.entity.shape == (n, len(model.entity_labels))
    assert reading.event_sentence.shape == (s, 53)
    assert reading.event_piece.shape == (n, 53)
    assert reading.role.shape == (n, len(model.roles))
    assert reading.status.shape == (n, 7)
    assert reading.time.shape == (n, 2)
    np.testing.assert_allclose(np.exp(reading.entity).sum(1), 1, rtol=1e-4)
    np.testing.assert_allclose(reading.status.sum(1), 1, rtol=1e-4)
    for array in (reading.event_sentence, reading.event_piece, reading.role):
        assert ((array >= 0) & (array <= 1)).all()
    assert (np.diff(reading.sentence) >= 0).all()
    spans = sentences(text)
    for (start, end), sentence in zip(reading.pieces.tolist(), reading.sentence.tolist(), strict=True):
        assert spans[sentence][0] <= start < end <= spans[sentence][1]


def test_a_text_reads_the_same_alone_and_among_others_in_any_order(model: Model) -> None:
    alone = [model._read(text, sentences(text)) for text in TEXTS]
    rng = random.Random(0)
    for _ in range(3):
        order = list(range(len(TEXTS))) * 2
        rng.shuffle(order)
        for index in order:
            assert same(model._read(TEXTS[index], sentences(TEXTS[index])), alone[index])


def test_threads_share_a_model(model: Model) -> None:
    alone = {text: model._read(text, sentences(text)) for text in TEXTS}
    with ThreadPoolExecutor(4) as pool:
        readings = pool.map(lambda text: (text, model._read(text, sentences(text))), TEXTS * 5)
        assert all(same(reading, alone[text]) for text, reading in readings)


def test_a_second_instance_gives_the_same_bits(model: Model) -> None:
    other = Model.load()
    assert other.ref == model.ref
    assert same(other.read(TEXTS[0], sentences(TEXTS[0])), model.read(TEXTS[0], sentences(TEXTS[0])))


def test_a_reading_is_kept_and_cannot_be_changed(model: Model) -> None:
    reading = model.read(TEXTS[0], sentences(TEXTS[0]))
    assert model.read(TEXTS[0], sentences(TEXTS[0])) is reading
    with pytest.raises(ValueError, match="read-only"):
        reading.entity[0, 0] = 1


@pytest.mark.parametrize("text", ["", " \n\t ", "\ud800", "\0\0", "a" * 100_000, "中" * 3000, "e\u0301" * 50, "😀🇩🇪"])
def test_odd_texts_are_read(model: Model, text: str) -> None:
    reading = model.read(text, [(0, len(text))])
    assert reading.event_sentence.shape == (1, 53)
    assert np.isfinite(reading.event_sentence).all()
    assert np.isfinite(reading.entity).all()


def test_no_sentences(model: Model) -> None:
    reading = model.read("text", [])
    assert len(reading.pieces) == 0
    assert reading.event_sentence.shape == (0, 53)


def test_a_very_long_text_is_cut_off(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.encoder.model.MAX_PIECES", 1000)
    text = "The company reported a profit. " * 150_000
    spans = [(at, at + 30) for at in range(0, len(text), 31)]
    start = time.perf_counter()
    reading = model._read(text, spans)
    assert time.perf_counter() - start < 20
    assert 0 < len(reading.pieces) <= 1000
    assert len(reading.event_sentence) == len(spans)
    assert (reading.event_sentence[-1] == 0).all()


@pytest.mark.parametrize("spans", [[(0, 99)], [(3, 1)], [(0, 3), (2, 4)], [(3, 4), (0, 2)]])
def test_spans_that_make_no_sense_are_refused(model: Model, spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="sentence"):
        model.read("text", spans)
