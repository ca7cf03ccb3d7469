"""Which script a text is written in (ISO 15924), by counting letters."""

import re

_RANGES = {
    "Latn": "A-Za-zªº\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "Cyrl": "\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f",
    "Arab": "\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Hani": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Kana": "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f",
    "Hang": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "Deva": "\u0900-\u097f\ua8e0-\ua8ff",
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Hebr": "\u0590-\u05ff\ufb1d-\ufb4f",
    "Thai": "\u0e00-\u0e7f",
    "Beng": "\u0980-\u09ff",
    "Guru": "\u0a00-\u0a7f",
    "Gujr": "\u0a80-\u0aff",
    "Orya": "\u0b00-\u0b7f",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Sinh": "\u0d80-\u0dff",
    "Laoo": "\u0e80-\u0eff",
    "Tibt": "\u0f00-\u0fff",
    "Mymr": "\u1000-\u109f\uaa60-\uaa7f",
    "Geor": "\u10a0-\u10ff\u1c90-\u1cbf\u2d00-\u2d2f",
    "Armn": "\u0530-\u058f\ufb13-\ufb17",
    "Ethi": "\u1200-\u139f",
    "Khmr": "\u1780-\u17ff",
    "Mong": "\u1800-\u18af",
}
_PATTERNS = {name: re.compile(f"[{ranges}]+") for name, ranges in _RANGES.items()}

MOST = 0.7  # of a text in one script, spaces and all: what other letters it has does not matter

# Scripts that one language of the news writes: the script decides.
ONE_LANGUAGE = {
    "Hang": "ko",
    "Kana": "ja",
    "Grek": "el",
    "Thai": "th",
    "Guru": "pa",
    "Gujr": "gu",
    "Orya": "or",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn",
    "Mlym": "ml",
    "Sinh": "si",
    "Laoo": "lo",
    "Mymr": "my",
    "Geor": "ka",
    "Armn": "hy",
    "Khmr": "km",
}


# Which of the languages told apart are written in the scripts that several share. Latin: all but `NOT_LATIN`.
WRITTEN_IN = {
    "Cyrl": {"ba", "be", "bg", "kk", "ky", "mk", "mn", "ru", "sr", "tg", "tt", "uk", "uz"},
    "Arab": {"ar", "fa", "ku", "ps", "sdh", "ug", "ur"},
    "Deva": {"gom", "hi", "mr", "ne", "sa"},
    "Beng": {"as", "bn"},
    "Hani": {"ja", "wuu", "yue", "zh"},
}
NOT_LATIN = {"am", "dz", "el", "he", "hy", "ka", *ONE_LANGUAGE.values()} | set().union(*WRITTEN_IN.values())
NOT_LATIN -= {"ku", "sr", "tt", "uz"}


def writes(code: str, script: str) -> bool:
    """Whether `code` is written in `script` at all. True for scripts of which that isn't known."""
    if script == "Latn":
        return code not in NOT_LATIN
    return script not in WRITTEN_IN or code in WRITTEN_IN[script]


def count_scripts(text: str) -> dict[str, int]:
    """Letters by script, most first; scripts that don't occur are left out. Empty for a text without letters.

    Chinese characters beside kana or hangul count as that script's: Japanese and Korean mix them.
    """
    total = len(text)
    counts: dict[str, int] = {}
    for name, pattern in _PATTERNS.items():
        if number := sum(map(len, pattern.findall(text))):
            counts[name] = number
            if number > MOST * total:
                break
    if "Hani" in counts:
        for name in ("Kana", "Hang"):
            if counts.get(name, 0) > 0.08 * counts["Hani"]:
                counts[name] += counts.pop("Hani")
                break
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def iso_name(name: str) -> str:
    """ISO 15924's code for mixed writing: Jpan and Kore; others are their own."""
    return {"Kana": "Jpan", "Hang": "Kore"}.get(name, name)
