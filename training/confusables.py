"""Fit how the evidence on Bosnian, Croatian and Serbian is weighed: `python -m training.confusables`.

Writes `pipeline/language/croatian_serbian.json`, the log-odds of words in Croatian against Serbian news (UNER, CC BY-SA
4.0), and `weights` into `south_slavic.json`: a multinomial logistic regression on `south_slavic_evidence`, over
sentences and groups of 2, 4 and 8 of the half that `training.language` fits on. Needs scipy.
"""

from __future__ import annotations

import importlib
import json
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np

from pipeline.language import confusables, detect
from pipeline.language.langid import shared_language_model
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


if __name__ == "__main__":
    main()
