"""Fit how the evidence on Bosnian, Croatian and Serbian is weighed: `python -m training.confusables`.

Writes `weights` into `pipeline/language/south_slavic.json`: a multinomial logistic regression on the ten numbers of
`south_slavic_evidence`, over sentences and groups of 2, 4 and 8 of the half that `training.language` fits on.
Needs scipy.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from pipeline.language import confusables, detect
from pipeline.language.langid import shared_language_model
from training import linear
from training.language import FIT, sentences

LANGUAGES = ("bs", "hr", "sr-Latn")
GROUPED = (1, 2, 4, 8)
L2 = 10.0  # strong: thirty weights on six hundred noisy texts


def main() -> None:
    model = shared_language_model()
    codes = sorted(confusables.SOUTH_SLAVIC)
    rows, labels = [], []
    for language, lines in sentences(FIT).items():
        if language not in LANGUAGES:
            continue
        for size in GROUPED:
            for start in range(0, len(lines) - size + 1, size):
                text = "\n".join(lines[start : start + size])
                whole = model.probabilities([piece.encode() for piece in detect._pieces(text)])[-1]
                chances = {code: float(whole[model.languages.index(code)]) for code in codes}
                rows.append(confusables.south_slavic_evidence(text, chances))
                labels.append(LANGUAGES.index(language))
    design = linear.Design(np.array(rows), [np.zeros(0, dtype=np.int64)] * len(rows), 1)
    weights = np.ones(len(rows))
    dense, _, bias = linear.fit(
        design, np.array(labels), weights, len(LANGUAGES), l2_dense=L2, l2_hashed=1.0, steps=200
    )
    fitted = np.vstack([dense, bias]).astype(float).round(4)
    path = Path(confusables.__file__).resolve().parent / "south_slavic.json"
    table = json.loads(path.read_text(encoding="utf-8")) | {"weights": fitted.tolist()}
    path.write_text(json.dumps(table, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(fitted)


if __name__ == "__main__":
    main()
