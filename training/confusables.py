"""Fit what tells close and transcribed languages apart: `python -m training.confusables`.

Writes `pipeline/language/croatian_serbian.json`, the log-odds of words in Croatian against Serbian news (UNER, CC BY-SA
4.0), and `weights` into `south_slavic.json`: a multinomial logistic regression on `south_slavic_evidence`, over
sentences and groups of 2, 4 and 8 of the half that `training.language` fits on. Writes `romanised.json`, from the same
half, transcribed here, and Russian sentences of `ner/ru-linspector` (CC BY 4.0). Needs scipy.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from pipeline.language import confusables, detect
from pipeline.language.langid import shared_language_model
from pipeline.language.romanised import parts_of
from pipeline.language.scripts import count_scripts
from training import linear, places
from training.language import FIT, sentences

FOLDER = Path(confusables.__file__).resolve().parent
_WORD = re.compile(r"[^\W\d_]+")
LANGUAGES = ("bs", "hr", "sr-Latn")
GROUPED = (1, 2, 4, 8)
L2 = 30.0  # strong: forty weights on six hundred noisy texts; by cross-validation over them
LEAST, STRONG, STRONGEST = 4, 1.0, 3.0  # occurrences of a word, and its log-odds, that make it count


def main() -> None:
    write_lexis()
    importlib.reload(confusables)  # reads what was just written
    fit_weights()
    write_romanised()


def write_lexis() -> None:
    """Sentences that have a word, its beginning or its ending, in one language against the other."""
    counts, sizes = [], []
    for name in ("Croatian", "Serbian"):
        texts = [
            line[9:]
            for path in sorted((places.data() / "ner" / "uner" / f"UNER_{name}-SET").glob("*.iob2"))
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("# text = ")
        ]
        keys = ({key for word in _WORD.findall(text.lower()) for key in confusables.lexis_keys(word)} for text in texts)
        counts.append(Counter(key for found in keys for key in found))
        sizes.append(len(texts))
    bands: dict[float, list[str]] = {}
    for key in sorted(counts[0].keys() | counts[1].keys()):
        shares = [(count[key] + 0.5) / (size + 1) for count, size in zip(counts, sizes, strict=True)]
        odds = max(-STRONGEST, min(STRONGEST, math.log(shares[0] / shares[1])))
        if counts[0][key] + counts[1][key] >= LEAST and abs(odds) > STRONG:
            bands.setdefault(round(4 * odds) / 4, []).append(key)
    table = {
        "from": "UNER Croatian-SET and Serbian-SET, CC BY-SA 4.0",
        "odds": {str(odds): " ".join(keys) for odds, keys in sorted(bands.items())},
    }
    path = FOLDER / "croatian_serbian.json"
    path.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(path.name, sum(map(len, bands.values())), "keys,", path.stat().st_size // 1024, "KB")


def fit_weights() -> None:
    model = shared_language_model()
    codes = sorted(confusables.SOUTH_SLAVIC)
    rows, labels = [], []
    for language, lines in sentences(FIT).items():
        if language not in LANGUAGES:
            continue
        for size in GROUPED:
            for start in range(0, len(lines) - size + 1, size):
                text = "\n".join(lines[start : start + size])
                whole = model.probabilities(
                    [piece.encode() for piece in detect._pieces(text, detect.SAMPLE.pieces, detect.SAMPLE.size)]
                )[-1]
                chances = {code: float(whole[model.languages.index(code)]) for code in codes}
                rows.append(confusables.south_slavic_evidence(text, chances))
                labels.append(LANGUAGES.index(language))
    design = linear.Design(np.array(rows), [np.zeros(0, dtype=np.int64)] * len(rows), 1)
    weights = np.ones(len(rows))
    dense, _, bias = linear.fit(
        design, np.array(labels), weights, len(LANGUAGES), l2_dense=L2, l2_hashed=1.0, steps=200
    )
    fitted = np.vstack([dense, bias]).astype(float).round(4)
    path = FOLDER / "south_slavic.json"
    table = json.loads(path.read_text(encoding="utf-8")) | {"weights": fitted.tolist()}
    path.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(fitted)


# Cyrillic and Greek in Latin letters, as news in English does it, and as people elsewhere do.
_CYRILLIC = dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)) | {
    "ё": "yo",
    "ж": "zh",
    "х": "kh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ъ": "",
    "ь": "",
    "ю": "yu",
    "я": "ya",
}
_UKRAINIAN = _CYRILLIC | {"г": "h", "ґ": "g", "и": "y", "і": "i", "ї": "yi", "є": "ye", "’": "", "'": ""}
_GREEK = dict(zip("αβγδεζηικλμνοπρσςτυφωάέήίόύώϊϋΐ", "avgdeziiklmnoprsstyfoaeiioyoiyi", strict=True)) | {
    "θ": "th",
    "ξ": "x",
    "χ": "ch",
    "ψ": "ps",
    "ου": "ou",
    "ού": "ou",
    "αυ": "av",
    "ευ": "ef",
    "μπ": "b",
}
TRANSCRIPTS = {
    "ru": _CYRILLIC,
    "uk": _UKRAINIAN,
    "be": _UKRAINIAN | {"ы": "y", "ў": "u", "э": "e", "и": "i"},
    "bg": _CYRILLIC | {"щ": "sht", "ъ": "a"},
    "el": _GREEK,
}
_ELSEWHERE = {
    "й": "j",
    "ё": "jo",
    "ю": "ju",
    "я": "ja",
    "є": "je",
    "ї": "ji",
    "х": "h",
    "ц": "c",
    "χ": "h",
    "ξ": "ks",
    "υ": "i",
}
SMOOTHING, UNKNOWN, SEEN, WEAK, CAP = 0.3, 1e4, 3, 0.4, 3.5
RUSSIAN = 1500  # sentences


def transcribed(text: str, letters: Mapping[str, str]) -> str:
    """`text` in small Latin letters."""
    pattern = "|".join(sorted(letters, key=len, reverse=True))
    return re.sub(pattern, lambda found: letters[found[0]], text.lower())


def write_romanised() -> None:
    texts = sentences(FIT)
    russian = (places.data() / "ner" / "ru-linspector" / "train.txt").read_text(encoding="utf-8").split("\n\n")
    texts["ru"] += [" ".join(line.split(" ")[0] for line in block.splitlines()) for block in russian[:RUSSIAN]]
    latin = [lines for lines in texts.values() if next(iter(count_scripts(" ".join(lines[:5]))), "") == "Latn"]
    other = Counter(part for lines in latin for line in lines for part in parts_of(line))
    table = {}
    for code, letters in TRANSCRIPTS.items():
        parts = Counter(
            part
            for variant in (letters, letters | {name: _ELSEWHERE[name] for name in letters.keys() & _ELSEWHERE.keys()})
            for line in texts[code]
            for part in parts_of(transcribed(line, variant))
        )
        bands: dict[float, list[str]] = {}
        for part, count in sorted(parts.items()):
            here = (count + SMOOTHING) / (parts.total() + UNKNOWN)
            odds = math.log(here * (other.total() + UNKNOWN) / (other[part] + SMOOTHING))
            if count >= SEEN * max(1, len(texts[code]) // 200) and abs(odds) > WEAK:
                bands.setdefault(round(4 * min(CAP, odds)) / 4, []).append(part)
        table[code] = {str(odds): " ".join(found) for odds, found in sorted(bands.items())}
    path = FOLDER / "romanised.json"
    path.write_text(json.dumps({"odds": table}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(path.name, path.stat().st_size // 1024, "KB")


if __name__ == "__main__":
    main()
