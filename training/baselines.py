"""The language detectors that ours is measured against. Each is loaded only when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.language.langid import RENAMED

System = Callable[[str], tuple[str, float]]  # text -> (code as we write it, confidence 0-1)

_CLD2 = {"no": "nb", "iw": "he", "zh-Hant": "zh", "un": "und", "jw": "jv"}
_NO_CLD2 = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # it raises on them


def py3langid() -> System:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def detect(text: str) -> tuple[str, float]:
        name, confidence = model.classify(text)
        return RENAMED.get(name, name), float(confidence)

    return detect


def cld2() -> System:
    import pycld2

    def detect(text: str) -> tuple[str, float]:
        _, _, details = pycld2.detect(_NO_CLD2.sub(" ", text), bestEffort=True)
        name, percent = details[0][1], details[0][2]
        return _CLD2.get(name, name), percent / 100

    return detect


def lingua() -> System:
    from lingua import LanguageDetectorBuilder

    model = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()

    def detect(text: str) -> tuple[str, float]:
        best = model.compute_language_confidence_values(text)[0]
        return best.language.iso_code_639_1.name.lower(), float(best.value)

    return detect


BASELINES: dict[str, Callable[[], System]] = {"py3langid": py3langid, "cld2": cld2, "lingua": lingua}
