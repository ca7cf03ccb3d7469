"""The shipped model: text and sentences in, a `Reading` out. The only place that knows ONNX Runtime."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from pipeline.encoder.files import DIGEST_CHARACTERS, ModelFiles, open_files
from pipeline.encoder.heads import SentenceHead, SentencePool, log_softmax, sigmoid
from pipeline.encoder.reading import FloatArray, HalfArray, IntArray, Reading
from pipeline.encoder.roles import RoleHead
from pipeline.encoder.session import open_session
from pipeline.encoder.vocabulary import END, START, Pieces, Vocabulary
from pipeline.encoder.windows import plan_windows
from pipeline.encoder.words import Words
from pipeline.errors import ModelError

MAX_PIECES = 100_000  # about 400,000 characters; sentences beyond are not read and get probability 0
KEPT_READINGS = 8  # entities and events of one article come one after the other; batches are small


class Model:
    """Reads texts. One instance a process; `read` may be called from several threads."""

    def __init__(self, files: ModelFiles) -> None:
        """Load checked files; `Model.load` is the usual way in."""
        card = files.card
        self.name: str = card["name"]
        self.version: str = card["version"]
        self.digest: str = files.digest
        self.ref = f"eventwire-{self.name}@{self.version}+{self.digest[:DIGEST_CHARACTERS]}"
        self.entity_labels: tuple[str, ...] = tuple(card["entity_labels"])
        self.event_types: tuple[str, ...] = tuple(card["event_types"])
        self.roles: tuple[str, ...] = tuple(card["roles"])
        self.statuses: tuple[str, ...] = tuple(card["statuses"])
        self.times: tuple[str, ...] = tuple(card["times"])
        self.thresholds: Mapping[str, float] = dict(card["thresholds"])  # by event type, for `event_sentence`
        self.role_thresholds: Mapping[str, float] = dict(card["role_thresholds"])
        self.event_confidence: Mapping[str, float] = dict(card.get("event_confidence", {}))  # weights, see events/
        self._widths = [
            len(part) for part in (self.entity_labels, self.event_types, self.roles, self.statuses, self.times)
        ]
        self._vocabulary = Vocabulary.load(files.paths["base/vocabulary.npz"])
        self._words = Words(files.paths["base/words.npy"])
        self._positions: FloatArray = np.load(files.paths["base/positions.npy"], allow_pickle=False)
        self._head = SentenceHead(files.paths["heads.npz"], card["calibration"])
        self._session = open_session(files.paths["encoder.onnx"])
        self._roles = RoleHead(files.paths["roles.onnx"]) if "roles.onnx" in files.paths else None
        self._kept: OrderedDict[tuple[str, tuple[tuple[int, int], ...]], Reading] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def load(cls, path: Path | None = None) -> Model:
        """Load the model in this folder, or the shipped one; a damaged model raises `ModelError`."""
        files = open_files(path)
        try:
            return cls(files)
        except (KeyError, TypeError, ValueError, OSError) as error:
            message = (
                f"model {files.folder} is not one that this version of eventwire can read ({error!r}): use its own"
            )
            raise ModelError(f"{message} version, or make the model again with python -m training export.") from error

    def read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
        """Read a text once.

        `sentences` are spans in text order which don't overlap; what lies between them is not read. The result
        depends on nothing but the arguments and the model: every window is a run of its own, since the dynamic
        quantisation takes its scale from all that is in a run.
        """
        key = (text, tuple((int(start), int(end)) for start, end in sentences))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept
        reading = self._read(text, key[1])
        with self._lock:
            self._kept[key] = reading
            while len(self._kept) > KEPT_READINGS or (
                len(self._kept) > 1 and sum(len(kept.pieces) for kept in self._kept.values()) > MAX_PIECES
            ):
                self._kept.popitem(last=False)
        return reading

    def _read(self, text: str, sentences: Sequence[tuple[int, int]]) -> Reading:
        last = 0
        for start, end in sentences:
            if not last <= start <= end <= len(text):
                raise ValueError(f"sentence {(start, end)} overlaps, is out of order or outside the text ({len(text)})")
            last = end
        cut = self._vocabulary.cut(text, sentences, limit=MAX_PIECES)
        index = np.repeat(np.arange(len(sentences), dtype=np.int32), cut.lengths)
        pool = SentencePool(len(sentences), self._positions.shape[1], len(self.event_types))
        parts = [self._run(cut, window, index, pool) for window in plan_windows(cut.lengths)]
        if not parts:
            parts = [(np.zeros((0, sum(self._widths)), np.float32), np.zeros((0, pool.total.shape[1]), np.float16))]
        logits, hidden = (np.concatenate(part) for part in zip(*parts, strict=True))
        seen = cut.spans[:, 1] > cut.spans[:, 0]
        entity, trigger, role, status, time = np.split(logits[seen], np.cumsum(self._widths)[:-1], axis=1)
        reading = Reading(
            pieces=cut.spans[seen],
            sentence=index[seen],
            entity=log_softmax(entity),
            event_sentence=self._head(pool),
            event_piece=sigmoid(trigger),
            role=sigmoid(role),
            status=np.exp(log_softmax(status)),
            time=np.exp(log_softmax(time)),
            hidden=hidden[seen],
            role_head=self._roles,
        )
        for array in (getattr(reading, name) for name in Reading.__slots__):
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        return reading

    def _run(
        self, cut: Pieces, window: tuple[int, int, int], index: IntArray, pool: SentencePool
    ) -> tuple[FloatArray, HalfArray]:
        """Run one window through the encoder; returns the logits (pieces, all token heads) and the hidden states of
        its pieces, and fills `pool`.
        """
        title, start, end = window
        ids = np.concatenate([[START], cut.ids[:title], cut.ids[start:end], [END]])
        vectors = self._words[ids] + self._positions[: len(ids)]
        outputs: list[FloatArray] = self._session.run(["hidden", "logits"], {"vectors": vectors[None]})
        hidden, logits = (output[0, 1 + title : -1] for output in outputs)
        types = slice(self._widths[0], self._widths[0] + self._widths[1])
        pool.add(index[start:end], hidden, logits[:, types])
        return logits, hidden.astype(np.float16)
