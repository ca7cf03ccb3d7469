"""Languages so close that a general model can't tell them apart: word and character tables, written from grammars.

Each rule looks only at texts that the model has put into its group, and decides only on enough evidence.
"""

import json
import re
from collections import Counter
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
_SERBIAN_ONLY = _TABLES["ekavian"] - _TABLES["ijekavian"] - _TABLES["croatian"] - _TABLES["bosnian"]
_IJEKAVIAN_ONLY = _TABLES["ijekavian"] - _TABLES["ekavian"]
_CROATIAN_ONLY = _TABLES["croatian"] - _TABLES["bosnian"]
_BOSNIAN_ONLY = _TABLES["bosnian"] - _TABLES["croatian"]
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


def south_slavic(text: str, code: str) -> str | None:
    """bs, hr or sr for a text in Latin script of which the model says `code`; None if the words don't say."""
    words = Counter(word.lower() for word in _WORD.findall(text))
    ekavian = sum(count for word, count in words.items() if word in _SERBIAN_ONLY)
    ijekavian = sum(count for word, count in words.items() if word in _IJEKAVIAN_ONLY)
    croatian = sum(count for word, count in words.items() if word in _CROATIAN_ONLY)
    bosnian = sum(count for word, count in words.items() if word in _BOSNIAN_ONLY)
    if ekavian >= 2 and ekavian >= 2 * (ijekavian + croatian):
        return "sr"
    if croatian >= 2 and croatian > 1.5 * bosnian and croatian >= ekavian:
        return "hr"
    if bosnian >= 2 and bosnian > 1.5 * croatian and ijekavian >= ekavian:
        return "bs"
    if code == "sr" and ijekavian >= 2 and ijekavian > 2 * ekavian:
        return "hr" if croatian >= bosnian else "bs"
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
