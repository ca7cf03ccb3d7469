"""Who did it to whom, where grammar leaves no doubt: a correction of the role head, which reads words, not syntax.

"B is bought by A", "rachat de B par A", "Übernahme von B durch A": a name behind a preposition that only agents have is
the one who acts, whatever the model said. "from hold to buy", "von Halten auf Kaufen": the first rating is the old one.
Where a preposition has other meanings too ("von"), it counts beside a passive only. Nothing else is touched, and
without a table for its language nothing is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.events.fillers import Filler
from pipeline.events.trace import Candidate
from pipeline.events.words import Span, fold
from pipeline.records import Entity

REACH = 90  # characters between the trigger and the name
RATINGS: Mapping[str, tuple[str, ...]] = {  # which of "from X to Y" are roles of the type
    "analyst.rating": ("rating_from", "rating_to"),
    "analyst.credit_rating": ("rating_to",),
}

# Of types in which one side acts on the other: who acts, who is acted on.
SIDES: Mapping[str, tuple[str, str]] = {
    "deal.acquisition": ("acquirer", "target"),
    "legal.lawsuit": ("plaintiff", "defendant"),
    "legal.cyber": ("attacker", "victim"),
    "conflict.violence": ("attacker", "victim"),
    "regulation.penalty": ("authority", "addressee"),
    "regulation.investigation": ("authority", "addressee"),
    "regulation.decision": ("authority", "addressee"),
    "politics.sanction": ("authority", "target"),
}


@dataclass(frozen=True, slots=True)
class Grammar:
    """One language. `agent`: what stands directly before an agent and before nobody else; `mixed`: the same, but only
    in a sentence with a `passive`. `ratings`: "from X to Y" with X and Y for the two.
    """

    agent: re.Pattern[str] | None
    mixed: re.Pattern[str] | None
    passive: re.Pattern[str] | None
    ratings: re.Pattern[str]


_ARTICLES = {
    "en": "the",
    "de": "die|den|das|der|dem",
    "fr": "le|la|les|l",
    "es": "el|la|los|las",
    "it": "il|lo|la|i|gli|le|l",
    "nl": "de|het",
    "pt": "o|a|os|as",
    "pl": "",
    "sv": "",
}
_RATED = r"[\"'„“”«»‘’]?([\w+\-]+(?: (?:weight|perform|pondérer|ponderar|peso))?)[\"'„“”«»‘’]?"


def _grammar(code: str, agent: str, ratings: str, *, mixed: str = "", passive: str = "") -> Grammar:
    article = f"(?:(?:{_ARTICLES[code]})[\\s’']+)?" if _ARTICLES[code] else ""

    def before(words: str) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w)(?:{words})[\s’']+{article}[\"„“«]?$", re.IGNORECASE)

    first, second = ratings.split("|")
    return Grammar(
        agent=before(agent) if agent else None,
        mixed=before(mixed) if mixed else None,
        passive=re.compile(rf"(?<!\w)(?:{passive})(?!\w)", re.IGNORECASE) if passive else None,
        ratings=re.compile(rf"(?<!\w)(?:{first})\s+{_RATED}\s+(?:{second})\s+{_RATED}", re.IGNORECASE),
    )


GRAMMARS: Mapping[str, Grammar] = {
    "en": _grammar("en", "by", "from|to"),
    "de": _grammar("de", "durch", "von|auf", mixed="von|vom", passive="wird|werden|wurde|wurden|worden|werde|würde"),
    "fr": _grammar("fr", "par", "de|à"),
    "es": _grammar("es", "por|por parte de|por parte del", "de|a"),
    "it": _grammar(
        "it",
        "da parte di|da parte del|da parte della|da parte dell",
        "da|a",
        mixed="da|dal|dalla|dall|dai|dalle|dagli",
        passive="è|sono|sarà|fu|stato|stata|stati|state|viene|verrà|venne|venuto|venuta",
    ),
    "nl": _grammar("nl", "door", "van|naar"),
    "pt": _grammar("pt", "por|pela|pelo|pelas|pelos|por parte da|por parte do", "de|para"),
    "pl": _grammar("pl", "przez", "z|na"),
    "sv": _grammar("sv", "", "från|till", mixed="av", passive=r"\w{2,}(?:as|es|ts|ps|ds)"),
}

# What a rating is called: without these words "from Monday to Friday" would be one.
_RATING_WORDS = """
buy sell hold neutral overweight underweight outperform underperform accumulate reduce add equal-weight equalweight
outperformer sector-perform market-perform kaufen verkaufen halten übergewichten untergewichten reduzieren aufstocken
acheter vendre conserver neutre surpondérer sous-pondérer surperformer sous-performer comprar vender mantener
infraponderar sobreponderar comprare vendere mantenere neutrale ridurre kopen verkopen houden manter venda compra neutro
kupuj sprzedaj trzymaj akumuluj redukuj neutralnie köp sälj behåll minska öka positive negative stable positiv negativ
stabil
"""
_RATINGS = frozenset(fold(word) for word in _RATING_WORDS.split())
_CODE = re.compile(r"(?:[A-D]{1,3}|[A-C](?:aa|a)|Baa|Caa)[123]?[+\-]?")


def directed(
    text: str,
    sentence: Span,
    candidate: Candidate,
    fillers: Sequence[Filler],
    language: str,
    names: Sequence[Entity] = (),
) -> list[Filler]:
    """The fillers, with roles exchanged where grammar says so. `names`: the sentence's; where the model saw nobody act,
    the one that grammar marks as the agent is added.
    """
    grammar = GRAMMARS.get(language)
    if grammar is None:
        return list(fillers)
    if candidate.type in RATINGS:
        return _rated(text, sentence, fillers, grammar, RATINGS[candidate.type])
    if candidate.type not in SIDES:
        return list(fillers)
    acts, suffers = SIDES[candidate.type]
    agents = [f for f in fillers if f.role in (acts, suffers) and _is_agent(text, sentence, candidate, f, grammar)]
    wrong = [f for f in agents if f.role == suffers]
    if not wrong:
        return [*fillers, *_agent(text, sentence, candidate, fillers, grammar, names)]
    turned = {id(f): acts for f in wrong}
    # Who was taken for the agent without being marked as one has the other side then.
    turned.update({id(f): suffers for f in fillers if f.role == acts and f not in agents})
    return [replace(f, role=turned.get(id(f), f.role)) for f in fillers]


def _agent(
    text: str,
    sentence: Span,
    candidate: Candidate,
    fillers: Sequence[Filler],
    grammar: Grammar,
    names: Sequence[Entity],
) -> list[Filler]:
    """The name that acts, if the model saw none, and grammar marks exactly one that has no other role."""
    acts = SIDES[candidate.type][0]
    if any(f.role == acts for f in fillers):
        return []
    free = [
        Filler(acts, (name.start, name.end), 1.0, name)
        for name in names
        if name.label in ("ORG", "PER") and not any(f.span[0] < name.end and name.start < f.span[1] for f in fillers)
    ]
    marked = [filler for filler in free if _is_agent(text, sentence, candidate, filler, grammar)]
    return marked if len(marked) == 1 else []


def _is_agent(text: str, sentence: Span, candidate: Candidate, filler: Filler, grammar: Grammar) -> bool:
    """Whether the filler stands behind an agent's preposition, near the trigger and in its clause."""
    for trigger in candidate.triggers:
        low, high = min(trigger.span[1], filler.span[1]), max(trigger.span[0], filler.span[0])
        if high - low <= REACH and not re.search(r"[;:.!?]\s|,\s", text[low:high]):
            break
    else:
        return False
    before = text[sentence[0] : filler.span[0]]
    if grammar.agent and grammar.agent.search(before):
        return True
    return bool(
        grammar.mixed and grammar.passive and grammar.mixed.search(before) and grammar.passive.search(text, *sentence)
    )


def _rated(
    text: str, sentence: Span, fillers: Sequence[Filler], grammar: Grammar, roles: Sequence[str]
) -> list[Filler]:
    """The old and the new rating, where the sentence names both, as such, once."""
    pairs = [
        match for match in grammar.ratings.finditer(text, *sentence) if _is_rating(match[1]) and _is_rating(match[2])
    ]
    if len(pairs) != 1:
        return list(fillers)
    spans = {"rating_from": pairs[0].span(1), "rating_to": pairs[0].span(2)}
    score = max((f.score for f in fillers if f.role in spans), default=1.0)
    others = [
        f
        for f in fillers
        if f.role not in spans and not any(f.span[0] < end and start < f.span[1] for start, end in spans.values())
    ]
    return others + [Filler(role, span, score) for role, span in spans.items() if role in roles]


def _is_rating(words: str) -> bool:
    return fold(words) in _RATINGS or bool(_CODE.fullmatch(words))
