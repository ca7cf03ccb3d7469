from pathlib import Path

import numpy as np

from training import articles
from training.event_data import document, items, pieces_in, targets, translations, window_ids
from training.labels import STATUSES, event_types, roles

RECORD = {
    "id": "x",
    "language": "en",
    "text": "Siemens buys Altair\n\nSiemens will buy Altair for $10 billion. Shares rose.",
    "events": [
        {
            "event": 1,
            "type": "deal.acquisition",
            "time": "current",
            "status": "announced",
            "evidence": {"text": "Siemens will buy Altair for $10 billion.", "start": 21, "end": 61},
            "trigger": {"text": "buy", "start": 34, "end": 37},
            "participants": [{"role": "acquirer", "text": "Siemens", "start": 21, "end": 28}],
        }
    ],
}


def test_targets_lie_on_the_right_pieces_and_sentences() -> None:
    doc = document(RECORD)
    assert len(doc.sentences) == 3
    column = event_types().index("deal.acquisition")
    assert doc.reported == {(1, column)}
    assert {RECORD["text"][slice(*doc.spans[piece])] for piece, _ in doc.trigger} == {"buy"}
    assert "".join(RECORD["text"][slice(*doc.spans[piece])] for piece, _ in sorted(doc.role)) == "Siemens"
    assert {role for _, role in doc.role} == {roles().index("acquirer")}
    assert set(doc.status.values()) == {STATUSES.index("announced")}


def test_a_window_carries_its_targets_behind_the_title() -> None:
    doc = document(RECORD)
    (item,) = items([doc], 0, single=False)
    length = len(window_ids(item)) + 2
    gold = targets([item], length)
    assert gold.reported.sum() == 1
    assert len(gold.groups) == 3
    assert gold.scored.sum() == length - 2
    row, piece, column = np.argwhere(gold.trigger)[0]
    assert row == 0
    assert column == event_types().index("deal.acquisition")
    assert piece == 1 + pieces_in(doc, 34, 37)[0]


def test_single_sentences_cover_all_pieces() -> None:
    doc = document(RECORD)
    found = items([doc], 0, single=True)
    assert sorted(p for _, w in found for p in range(w.start, w.end)) == list(range(len(doc.ids)))


def test_every_annotated_trigger_and_type_is_placed(data_dir: Path) -> None:
    for record in (*articles.annotated(), *articles.annotated_later(), *articles.authored()):
        doc = document(record)
        for event in record["events"]:
            column = event_types().index(event["type"])
            assert any(c == column for _, c in doc.reported), record["id"]
            assert len(pieces_in(doc, event["trigger"]["start"], event["trigger"]["end"])), record["id"]


def test_translations_take_types_but_no_spans(data_dir: Path) -> None:
    docs = [doc for record in articles.annotated() for doc in translations(record)]
    assert len(docs) > 100
    assert {doc.record["language"] for doc in docs} == {"es", "it", "nl"}
    assert all(not doc.tokens and not doc.trigger for doc in docs)
    assert sum(bool(doc.reported) for doc in docs) > 80
