"""What a word is: a run of letters, digits and marks; one character in a script without spaces; any other sign alone.

The encoder was trained on such words, amounts and mentions end at them, and spaCy gets them as its tokens: one
tokenizer for all languages, so that nothing changes with spaCy's lists of exceptions (building the French one alone
takes three seconds) and every entity is exactly a run of tokens.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vocab import Vocab

# Han, kana, bopomofo, Thai, Lao, Myanmar, Khmer: no blank between words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff"
)
_ASTRAL_HAN = "\U00020000-\U0003ffff"
_MARKS = (  # combining marks that \w leaves out
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a4d\u0a81-\u0acd"
    "\u0b01-\u0b4d\u0b82-\u0bcd\u0c00-\u0c4d\u0c81-\u0ccd\u0d00-\u0d4d\u0d81-\u0ddf\u200c\u200d"
)
_TOKEN = re.compile(rf"([{_UNSPACED}{_ASTRAL_HAN}]|(?:(?![{_UNSPACED}{_ASTRAL_HAN}])[\w{_MARKS}])+|\s+|[^\w\s])( ?)")


_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")  # spaCy can't hold them


class WordTokenizer:
    """spaCy's tokenizer interface: text to `Doc`, words as above; white space beyond one blank is a token too."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        found = _TOKEN.findall(text if text.isascii() else text.translate(_SURROGATES))
        return Doc(self.vocab, words=[word for word, _ in found], spaces=[bool(blank) for _, blank in found])

    def to_bytes(self, **kwargs: object) -> bytes:
        """Nothing to save: the rule is in this module."""
        return b""

    def from_bytes(self, data: bytes, **kwargs: object) -> WordTokenizer:
        return self

    def to_disk(self, path: object, **kwargs: object) -> None:
        return None

    def from_disk(self, path: object, **kwargs: object) -> WordTokenizer:
        return self


def code_points(text: str) -> NDArray[np.uint32]:
    """The text as an array, (len(text),). Lone surrogates stay what they are."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _classes() -> NDArray[np.uint8]:
    """Class of each code point: 0 sign or blank, 1 word character, 2 word of its own; (0x110000,), a megabyte."""
    table = np.zeros(0x110000, np.uint8)
    unspaced = re.compile(f"[{_UNSPACED}{_ASTRAL_HAN}]")
    in_word = re.compile(rf"[\w{_MARKS}]")
    for code in range(0x10000):
        char = chr(code)
        table[code] = 2 if unspaced.match(char) else 1 if in_word.match(char) else 0
    table[0x10000:] = 1
    table[0x1F000:0x1FB00] = 0  # emoji and pictures
    table[0x20000:0x40000] = 2
    return table


def starts_word(text: str, positions: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Whether a word starts at each of these positions, (n,): the character before is no part of the same word."""
    kinds = _classes()[code_points(text)]
    before = np.where(positions > 0, kinds[np.maximum(positions - 1, 0)], 0)
    result: NDArray[np.bool_] = ~((kinds[positions] == 1) & (before == 1))
    return result


def plain_lower(text: str) -> str:
    """Lower case, character by character, so that offsets stay."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def strip_accents(text: str) -> str:
    """Without combining marks, in NFKD."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
