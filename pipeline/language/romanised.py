"""Russian, Ukrainian, Belarusian, Bulgarian and Greek in Latin letters, by parts of words.

The model doesn't know them so and takes them for whatever looks alike. `romanised.json` holds the log-odds of parts of
words in transcribed sentences against all languages that are written in Latin letters (`training.confusables`).
"""

import json
import re
from importlib.resources import files

MOST_WORDS = 60  # looked at
FEWEST_PARTS = 20  # of words: less says nothing
LEAST_ODDS = 0.4  # on average of a part: then it is a transcript
ABSENT = -0.35  # log-odds of a part that no transcript had

_WORD = re.compile(r"[^\W\d_]+")
_ACCENTED = re.compile(r"[^\W\d_\x00-\x7f]")
_ODDS: dict[str, dict[str, float]] = {
    code: {part: float(odds) for odds, parts in table.items() for part in parts.split()}
    for code, table in json.loads(files("pipeline.language").joinpath("romanised.json").read_bytes())["odds"].items()
}


def parts_of(text: str) -> list[str]:
    """Three and four letters in a row of each word of `text`, its ends marked; short words whole."""
    parts = []
    for word in _WORD.findall(text.lower())[:MOST_WORDS]:
        framed = f"^{word}$"
        parts += [framed[at : at + size] for size in (3, 4) for at in range(len(framed) - size + 1)]
        if len(word) <= 5:
            parts.append("=" + word)
    return parts


def romanised(text: str) -> str | None:
    """The language that `text`, in Latin letters, is a transcript of; None if it is none of these.

    Transcripts have no accents: with one, a text is Slovene or Czech rather than Russian.
    """
    parts = parts_of(text)
    if len(parts) < FEWEST_PARTS or _ACCENTED.search(text):
        return None
    odds = {code: sum(table.get(part, ABSENT) for part in parts) / len(parts) for code, table in _ODDS.items()}
    code = max(odds, key=lambda name: odds[name])
    return code if odds[code] >= LEAST_ODDS else None
