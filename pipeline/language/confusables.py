"""Languages so close that a general model can't tell them apart: word and character tables, written from grammars.

Each rule looks only at texts that the model has put into its group.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np

SOUTH_SLAVIC = frozenset({"bs", "hr", "sr"})
GROUPS: tuple[frozenset[str], ...] = (
    SOUTH_SLAVIC,
    frozenset({"id", "ms"}),
    frozenset({"nb", "nn", "da", "sv"}),
    frozenset({"pt", "gl"}),
    frozenset({"cs", "sk"}),
    frozenset({"uk", "ru", "bg", "be", "mk"}),
    frozenset({"zh", "yue", "wuu"}),
    frozenset({"fa", "ar", "ur"}),
    frozenset({"xh", "zu"}),
    frozenset({"st", "nso", "tn"}),
    frozenset({"es", "ca", "gl", "an", "ast"}),
)


# Ekavian (Serbian) against ijekavian (Croatian, Bosnian): the same words with e or (i)je. Croatian against Bosnian,
# both ijekavian: months, institutions, everyday words.
_DATA = json.loads(files("pipeline.language").joinpath("south_slavic.json").read_bytes())
_TABLES = {name: set(_DATA[name].split()) for name in ("ekavian", "ijekavian", "croatian", "bosnian")}
_ONLY = {  # words that decide: on one side only
    "ekavian": _TABLES["ekavian"] - _TABLES["ijekavian"] - _TABLES["croatian"] - _TABLES["bosnian"],
    "ijekavian": _TABLES["ijekavian"] - _TABLES["ekavian"],
    "croatian": _TABLES["croatian"] - _TABLES["bosnian"] - _TABLES["ekavian"],
    "bosnian": _TABLES["bosnian"] - _TABLES["croatian"],
}
_WEIGHTS = np.array(_DATA["weights"])  # [evidence + 1, languages in alphabetical order], fitted by training.confusables
# Log-odds of Croatian against Serbian of words, beginnings and endings, whatever their reflex of jat; counted in news
# by training.confusables. Bosnian uses words of both, which says much once the reflex has ruled Serbian out.
_LEXIS = {
    key: float(odds)
    for odds, keys in json.loads(files("pipeline.language").joinpath("croatian_serbian.json").read_bytes())[
        "odds"
    ].items()
    for key in keys.split()
}
# (I)je after a consonant inside a word: in 5-7 of 100 longer words of Croatian and Bosnian, in 1 of Serbian.
_JAT = re.compile(r"[bcčdfghkmpstvzžšr]i?je(?!\b|n[aeiou]?\b)")
_WORD = re.compile(r"[^\W\d_]+")

# Words that one language has and its neighbours haven't; each is evidence of the same weight.
_WORDS = {
    name: frozenset(words.split())
    for name, words in json.loads(files("pipeline.language").joinpath("close_words.json").read_bytes()).items()
}
_BY_WORDS = (frozenset({"id", "ms"}), frozenset({"nb", "nn", "da"}))
WORD_WEIGHT = 1.0  # of one such word, in log-odds
MODEL_WEIGHT = 0.7  # of the model's log-probability

# Languages that the model has no word of, and what it takes them for.
_SOTHO = frozenset({"nso", "st"})
_TSWANA = frozenset(
    [
        "go",
        "gore",
        "kwa",
        "gagwe",
        "jwa",
        "jaaka",
        "botlhe",
        "tsotlhe",
        "otlhe",
        "lotlhe",
        "lone",
        "ene",
        "fa",
        "epe",
        "rre",
        "nne",
        "yoo",
        "ntlha",
    ]
)
_SOUTHERN = frozenset(["ho", "hore", "hae", "tsohle", "bohle", "kaofela", "eo", "oo", "hobane", "empa", "feela"])
_NORTHERN = re.compile("š|bj|gomme")
_TAKEN_FOR_TSONGA = frozenset({"xh", "zu", "sn", "st", "nso", "sw", "ki", "rw", "ln"})
_TSONGA_ONLY = re.compile(
    "hi|bya|xa|swa|eka|leyi|leswi|leswaku|leswo|loko|naswona|kumbe|hikuva|hikwalaho|ntsena|(?:swi|xi|hinkw)[a-z]+"
)
_TSONGA_TOO = frozenset(["ku", "va", "ri", "ta", "ra", "yi", "ya", "wa", "na", "ni"])
_MAORI = re.compile(r"(?:(?:wh|ng|[hkmnprtw])?[aeiouāēīōū])+")
_MAORI_SURE = frozenset(["te", "ngā", "nga", "ki", "ko", "he", "kua", "mō", "tana", "rātou", "ōna", "nō", "kia", "tō"])
_MAORI_DOUBT = 0.8  # the model is less sure than that of whatever it takes Māori for, or says one of these
_TAKEN_FOR_MAORI = frozenset({"ki", "ltg", "ff", "sn", "st", "lv", "sw", "ig", "yo", "gn", "qu"})

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

    The model hardly knows Serbian in Latin letters and follows topics; words that only one of them uses and the
    reflex of jat say more. A short text keeps the model's verdict, a long one follows its words.
    """
    logits = np.append(south_slavic_evidence(text, chances), 1.0) @ _WEIGHTS
    return _shared(dict(zip(sorted(chances), logits.tolist(), strict=True)), sum(chances.values()))


def south_slavic_evidence(text: str, chances: Mapping[str, float]) -> Any:
    """[12]: the model's log-probabilities of bs, hr and sr, the best being 0; words found in each table; words with
    jat, tens of longer words, and the one by the other; log-odds for Croatian, and for Serbian, of what is in `_LEXIS`.
    """
    logs = np.log([max(chances[name], 1e-4) for name in sorted(chances)])
    words = Counter(word.lower() for word in _WORD.findall(text))
    found = [sum(words[word] for word in table & words.keys()) for table in _ONLY.values()]
    long = [word for word in words.elements() if len(word) >= 4]
    jat = sum(bool(_JAT.search(word)) for word in long)
    odds = [_LEXIS[key] for key in set().union(*map(lexis_keys, words)) if key in _LEXIS]
    croatian, serbian = sum(odd for odd in odds if odd > 0), -sum(odd for odd in odds if odd < 0)
    return np.array(
        [*(logs - logs.max()), *found, jat, len(long) / 10, 10 * jat / max(len(long), 1), croatian, serbian]
    )


def lexis_keys(word: str) -> list[str]:
    """What is looked up of a word (small letters): itself, its beginning and its ending, without any reflex of jat."""
    bare = word.replace("ije", "e").replace("je", "e")
    return [bare, *([bare[:5] + "*"] if len(bare) > 6 else []), *(["*" + bare[-4:]] if len(bare) > 7 else [])]


def word_group(code: str) -> frozenset[str] | None:
    """The languages among which words decide if the model says `code`."""
    return next((group for group in _BY_WORDS if code in group), None)


def by_words(text: str, chances: Mapping[str, float]) -> dict[str, float]:
    """The probabilities of the languages in `chances` (the model's) after the words that only one of them has."""
    words = [word.lower() for word in _WORD.findall(text)]
    logs = {
        name: MODEL_WEIGHT * math.log(max(chance, 1e-4)) + WORD_WEIGHT * sum(word in _WORDS[name] for word in words)
        for name, chance in chances.items()
    }
    return _shared(logs, sum(chances.values()))


def _shared(logs: Mapping[str, float], weight: float) -> dict[str, float]:
    """`weight` shared out by log-odds."""
    top = max(logs.values())
    total = sum(math.exp(value - top) for value in logs.values())
    return {code: weight * math.exp(value - top) / total for code, value in logs.items()}


def unknown_to_model(text: str, code: str, probability: float) -> str | None:
    """tn, ts or mi for a text in Latin letters that is one of them; None if it isn't."""
    if code not in _TAKEN_FOR_TSONGA and code not in _TAKEN_FOR_MAORI and probability >= _MAORI_DOUBT:
        return None
    words = [word.lower() for word in _WORD.findall(text)]
    if code in _TAKEN_FOR_TSONGA:
        only = sum(bool(_TSONGA_ONLY.fullmatch(word)) for word in words)
        if only and only + sum(word in _TSONGA_TOO for word in words) > 0.2 * len(words):
            return "ts"
    if code in _SOTHO and not _NORTHERN.search(text):
        tswana = sum(word in _TSWANA for word in words)
        if tswana > sum(word in _SOUTHERN for word in words) or code == "nso":
            return "tn"
    shaped = sum(bool(_MAORI.fullmatch(word)) for word in words)
    if shaped > 0.8 * len(words) and sum(word in _MAORI_SURE for word in words) > 0.12 * len(words):
        return "mi"
    return None


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
