"""Languages so close that a general model can't tell them apart: word and character tables, written from grammars.

Each rule looks only at texts that the model has put into its group.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files

SOUTH_SLAVIC = frozenset({"bs", "hr", "sr"})
GROUPS: tuple[frozenset[str], ...] = (
    SOUTH_SLAVIC,
    frozenset({"id", "ms"}),
    frozenset({"nb", "nn", "da"}),
    frozenset({"pt", "gl"}),
    frozenset({"cs", "sk"}),
    frozenset({"uk", "ru", "bg", "be", "mk"}),
    frozenset({"zh", "yue", "wuu"}),
    frozenset({"fa", "ar", "ur"}),
    frozenset({"xh", "zu", "st", "nso", "tn", "ts"}),
    frozenset({"es", "ca", "gl", "an", "ast"}),
)


# Ekavian (Serbian) against ijekavian (Croatian, Bosnian): the same words with e or (i)je. Croatian against Bosnian,
# both ijekavian: months, institutions, everyday words.
_TABLES = {
    name: set(words.split())
    for name, words in json.loads(files("pipeline.language").joinpath("south_slavic.json").read_bytes()).items()
}
_ONLY = {  # words that decide: on one side only
    "ekavian": _TABLES["ekavian"] - _TABLES["ijekavian"] - _TABLES["croatian"] - _TABLES["bosnian"],
    "ijekavian": _TABLES["ijekavian"] - _TABLES["ekavian"],
    "croatian": _TABLES["croatian"] - _TABLES["bosnian"] - _TABLES["ekavian"],
    "bosnian": _TABLES["bosnian"] - _TABLES["croatian"],
}
WORD_WEIGHT = 1.0  # of one such word, in log-odds
MODEL_WEIGHT = 0.5  # of the model's log-probability: it takes nearly all Serbian in Latin letters for Bosnian
# (I)je after a consonant inside a word: in 5-7 of 100 longer words of Croatian and Bosnian, in 1 of Serbian.
_JAT = re.compile(r"[bcčdfghkmpstvzžšr]i?je(?!\b|n[aeiou]?\b)")
JAT_HIT, JAT_MISS = 1.8, 0.0475  # log-odds of one word with it, without it
_WORD = re.compile(r"[^\W\d_]+")

# Characters of written Cantonese that Mandarin doesn't use, and Mandarin ones that Cantonese replaces.
_CANTONESE = re.compile("[嘅咗喺嚟唔冇佢哋嗰啲咁乜嘢噉啱攞俾畀睇瞓諗嘥喎喇啦㗎嗱咩仲]")
_MANDARIN = re.compile("[的了在是这這那们們很吗嗎吧呢没沒他她把被给給看想还還]")

# The most frequent characters that were simplified, in pairs.
_SIMPLIFIED = "国会这来时们个为发过对经说学动现样无问门进见长东关开电车马鸟鱼书话语请让认论"
_TRADITIONAL = "國會這來時們個為發過對經說學動現樣無問門進見長東關開電車馬鳥魚書話語請讓認論"
_HANS = re.compile(f"[{_SIMPLIFIED}]")
_HANT = re.compile(f"[{_TRADITIONAL}]")

# Cyrillic letters that only one side has.
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_SERBIAN_CYRILLIC = re.compile("[ђћЂЋ]")
_MACEDONIAN = re.compile("[ѓќѕЃЌЅ]")
_RUSSIAN_LETTERS = re.compile("[ыэёЫЭЁ]")


def group_of(code: str) -> frozenset[str]:
    """The languages that `code` is easily taken for, itself included."""
    return next((group for group in GROUPS if code in group), frozenset({code}))


def same_group(one: str, other: str) -> bool:
    return one == other or any(one in group and other in group for group in GROUPS)


def south_slavic(text: str, chances: Mapping[str, float]) -> dict[str, float]:
    """The probabilities of bs, hr and sr (`chances`: the model's, for a text in Latin script) after its words spoke.

    The model hardly knows Serbian in Latin letters and follows topics; each word that only one of them uses counts as
    evidence of the same weight, so a short text keeps the model's verdict and a long one follows its words.
    """
    words = Counter(word.lower() for word in _WORD.findall(text))
    counts = {name: sum(words[word] for word in table & words.keys()) for name, table in _ONLY.items()}
    long = [word for word in words.elements() if len(word) >= 4]
    jat = sum(bool(_JAT.search(word)) for word in long)
    evidence = {
        "sr": counts["ekavian"] - counts["croatian"] - JAT_HIT * jat + JAT_MISS * (len(long) - jat),
        "hr": counts["ijekavian"] + counts["croatian"] - counts["ekavian"],
        "bs": counts["ijekavian"] + counts["bosnian"] - counts["ekavian"] - counts["croatian"],
    }
    weight = sum(chances.values())
    logs = {code: MODEL_WEIGHT * math.log(max(chances[code], 1e-4)) + WORD_WEIGHT * evidence[code] for code in evidence}
    top = max(logs.values())
    total = sum(math.exp(value - top) for value in logs.values())
    return {code: weight * math.exp(value - top) / total for code, value in logs.items()}


def chinese(text: str, code: str) -> tuple[str, str]:
    """(zh, yue or wuu; Hans or Hant) for a text in Chinese characters of which the model says `code`."""
    hans, hant = len(_HANS.findall(text)), len(_HANT.findall(text))
    script = "Hant" if hant > hans else "Hans"
    cantonese, mandarin = len(_CANTONESE.findall(text)), len(_MANDARIN.findall(text))
    if cantonese >= 3 and cantonese > 0.5 * mandarin:
        return "yue", script
    if code == "yue" and cantonese < 2 and len(text) > 60:
        return "zh", script
    return ("zh" if code not in ("zh", "yue", "wuu") else code), script


def cyrillic(text: str, code: str) -> str | None:
    """sr, mk: told apart by letters that only one has. None if the letters don't say."""
    serbian, macedonian = len(_SERBIAN_CYRILLIC.findall(text)), len(_MACEDONIAN.findall(text))
    if code in ("sr", "mk") and serbian + macedonian >= 2:
        return "sr" if serbian > macedonian else "mk"
    if code == "ru" and len(_UKRAINIAN.findall(text)) >= 3 and not _RUSSIAN_LETTERS.search(text):
        return "uk"
    return None
