"""Text to pieces: the tokenizer of multilingual-e5-small (unigram, 250,002 pieces) with code-point offsets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from pipeline.encoder.reading import IntArray

START, PAD, END, UNKNOWN = 0, 1, 2, 3  # <s> <pad> </s> <unk>
_LONE_SPACE = "\u2581"  # the piece that stands for white space alone

# The original normaliser turns these into a space; done one to one here, so that offsets stay offsets. Lone
# surrogates cannot be encoded; they become the replacement character, also one to one.
_SPACES = "\t\n\x0c\r\u1680\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u2581"
_ONE_TO_ONE = {ord(char): " " for char in _SPACES} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


class Pieces(NamedTuple):
    """The pieces of the sentences, back to back."""

    ids: IntArray  # (m,) what the encoder reads
    spans: IntArray  # (m, 2) start and end in the text without white space; empty for a piece that is only space
    lengths: list[int]  # number of pieces of each sentence


class Vocabulary:
    """Cuts sentences into pieces; the same sentence always into the same pieces, whatever stands around it."""

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        """Build from the pieces and their unigram log-probabilities, in id order."""
        unigram = models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=UNKNOWN, byte_fallback=False)
        self._tokenizer = Tokenizer(unigram)
        # Every stub of `tokenizers` types these attributes as read-only properties; they have setters.
        self._tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        self._tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read `vocabulary.npz`: pieces as UTF-8 separated by newlines, scores as float32."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["pieces"].tobytes().decode().split("\n"), arrays["scores"].tolist())

    def cut(self, text: str, sentences: Sequence[tuple[int, int]], *, limit: int) -> Pieces:
        """Cut each sentence by itself; sentences after the one that reaches `limit` pieces get none."""
        clean = text.translate(_ONE_TO_ONE)
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        lengths: list[int] = []
        for start, end in sentences:
            if len(ids) >= limit:
                lengths.append(0)
                continue
            encoding = self._tokenizer.encode(clean[start : min(end, start + 32 * limit)], add_special_tokens=False)
            room = limit - len(ids)
            ids += encoding.ids[:room]
            lengths.append(min(len(encoding.ids), room))
            for token, (left, right) in zip(encoding.tokens[:room], encoding.offsets[:room], strict=True):
                left, right = left + start, right + start
                while left < right and clean[left].isspace():
                    left += 1
                while left < right and clean[right - 1].isspace():
                    right -= 1
                spans.append((left, left if token == _LONE_SPACE else right))
        return Pieces(np.array(ids, np.int32), np.array(spans, np.int32).reshape(-1, 2), lengths)
