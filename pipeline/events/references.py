"""Words that stand for an entity named elsewhere in the article: "the company", "der Konzern", "l'entreprise".

Small tables by language: a determiner (or none, where the language does without), at most one word between, and a
noun that says which kind of entity is meant. Without a table for its language an article's references stay as they
are: never guessed.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.events.lookup import Lookup
from pipeline.events.words import Span, fold
from pipeline.records import EntitiesArticle, Entity
from pipeline.records.values import EntityLabel

LONGEST_DETERMINER = 12  # characters, with the space after it
REMEMBERED = 200  # names: a reference does not reach further back


@dataclass(frozen=True, slots=True)
class Words:
    """One language's words. `nouns` and `pronouns`: folded word -> the label of the entity meant."""

    determiners: frozenset[str]
    bare: bool  # whether a noun without determiner can refer (no articles, or a suffix)
    trailing: bool  # whether adjectives follow their noun
    nouns: Mapping[str, EntityLabel]
    pronouns: Mapping[str, EntityLabel]


def _words(
    determiners: str, *, org: str, per: str, pronouns: str = "", bare: bool = False, trailing: bool = False
) -> Words:
    nouns: dict[str, EntityLabel] = {}
    nouns.update(dict.fromkeys(org.split(), "ORG"))
    nouns.update(dict.fromkeys(per.split(), "PER"))
    return Words(frozenset(determiners.split()), bare, trailing, nouns, dict.fromkeys(pronouns.split(), "PER"))


# org: businesses and what their shares are called ("the stock fell"); per: offices and plain words for people;
# pronouns: only those that can't mean a thing.
TABLES: Mapping[str, Words] = {
    "en": _words(
        "the this that its",
        org="company group firm bank carmaker automaker manufacturer maker retailer insurer airline lender business "
        "corporation startup conglomerate giant operator supplier drugmaker chipmaker utility producer stock shares "
        "share",
        per="president minister chancellor chairman chairwoman ceo executive manager director governor senator mayor "
        "man woman suspect defendant politician",
        pronouns="he she him",
    ),
    "de": _words(
        "der die das des dem den dieser diese dieses diesem diesen",
        org="konzern konzerns konzerne unternehmen unternehmens firma gruppe bank autobauer autobauers hersteller "
        "herstellers versicherer versicherers händler händlers gesellschaft fluggesellschaft airline kreditinstitut "
        "geldhaus betreiber zulieferer start-up startup aktie aktien papier papiere anteilsscheine anteilschein titel "
        "industriekonzern energiekonzern technologiekonzern mutterkonzern chemiekonzern pharmakonzern",
        per="präsident präsidentin minister ministerin kanzler kanzlerin vorstandschef vorstandschefin "
        "konzernchef konzernchefin vorsitzende manager managerin politiker politikerin mann frau angeklagte "
        "verdächtige bürgermeister bürgermeisterin",
        pronouns="er ihn ihm",
    ),
    "fr": _words(
        "le la l les ce cet cette du de au",
        org="entreprise groupe société compagnie firme banque constructeur fabricant assureur distributeur action "
        "titre géant opérateur équipementier enseigne",
        per="président présidente ministre chancelier pdg patron patronne directeur directrice maire homme femme "
        "suspect accusé",
        pronouns="lui",
        trailing=True,
    ),
    "es": _words(
        "el la los las este esta del al",
        org="empresa compañía grupo firma banco sociedad fabricante aseguradora aerolínea entidad multinacional "
        "acción acciones gigante corporación",
        per="presidente presidenta ministro ministra canciller consejero director directora alcalde alcaldesa hombre "
        "mujer acusado sospechoso",
        trailing=True,
    ),
    "it": _words(
        "il lo la l i gli questa questo del della dell al alla",
        org="azienda società gruppo impresa compagnia banca casa costruttore produttore colosso titolo azioni istituto",
        per="presidente ministro ministra cancelliere amministratore direttore direttrice sindaco sindaca uomo donna",
        pronouns="egli",
        trailing=True,
    ),
    "pt": _words(
        "o a os as este esta do da ao",
        org="empresa companhia grupo firma banco sociedade fabricante seguradora construtora rede ações ação gigante "
        "operadora",
        per="presidente ministro ministra chanceler diretor diretora prefeito prefeita homem mulher suspeito acusado",
        trailing=True,
    ),
    "nl": _words(
        "de het dit deze die",
        org="bedrijf onderneming groep concern bank firma maatschappij fabrikant verzekeraar autofabrikant aandeel "
        "aandelen keten",
        per="president minister premier topman topvrouw bestuursvoorzitter directeur burgemeester man vrouw verdachte",
        pronouns="hij hem",
    ),
    "pl": _words(
        "ta ten to tej tego",
        org="firma firmy firmę spółka spółki spółkę koncern koncernu grupa grupy bank banku przedsiębiorstwo producent",
        per="prezydent premier minister prezes dyrektor burmistrz",
        bare=True,
    ),
    "sv": _words(
        "det den",
        org="bolaget företaget koncernen gruppen banken tillverkaren aktien biltillverkaren jätten",
        per="presidenten ministern statsministern vdn mannen kvinnan",
        pronouns="han hon honom",
        bare=True,
    ),
    "da": _words(
        "det den",
        org="selskabet virksomheden koncernen gruppen banken producenten aktien firmaet",
        per="præsidenten ministeren statsministeren direktøren manden kvinden",
        pronouns="han hun",
        bare=True,
    ),
    "nb": _words(
        "det den",
        org="selskapet bedriften konsernet gruppen banken produsenten aksjen firmaet",
        per="presidenten ministeren statsministeren direktøren mannen kvinnen",
        pronouns="han hun",
        bare=True,
    ),
}


def reference(text: str, language: str) -> EntityLabel | None:
    """The label of the entity that `text` stands for, if it is one of the table's phrases."""
    table = TABLES.get("nb" if language in ("no", "nn") else language)
    words = fold(text).split()
    if table is None or not words or len(words) > 3:
        return None
    if len(words) == 1:
        return table.pronouns.get(words[0]) or (table.nouns.get(words[0]) if table.bare else None)
    if words[0] not in table.determiners:
        return None
    return table.nouns.get(words[-1]) or (table.nouns.get(words[1]) if table.trailing else None)


def says_nothing(text: str, language: str) -> bool:
    """Whether the words are determiners only ("the"), or a single Latin letter: nobody can be meant by them."""
    table = TABLES.get("nb" if language in ("no", "nn") else language)
    words = fold(text).split()
    return all(
        (len(word) == 1 and word.isascii() and word.isalpha()) or (table and word in table.determiners)
        for word in words
    )


def with_determiner(text: str, span: Span, within: Span, language: str) -> Span:
    """The span with the word before it, if only the two together are a reference: the model often leaves out "the"."""
    low = max(within[0], span[0] - LONGEST_DETERMINER)
    before = re.search(r"\w+\W{0,2}$", text[low : span[0]])
    if before is None or reference(text[slice(*span)], language):
        return span
    longer = low + before.start(), span[1]
    return longer if reference(text[slice(*longer)], language) else span


def phrases(text: str, span: Span, language: str) -> list[Span]:
    """All references inside `span`: a determiner, at most one word, a noun of the table; or the noun, where it can."""
    table = TABLES.get("nb" if language in ("no", "nn") else language)
    if table is None:
        return []
    words = [(match.start(), match.end()) for match in re.finditer(r"\w+", text[span[0] : span[1]])]
    found: list[Span] = []
    for last, (_, end) in enumerate(words):
        for first in (last - 2, last - 1, last) if table.bare else (last - 2, last - 1):
            if first >= 0 and reference(text[span[0] + words[first][0] : span[0] + end], language):
                found.append((span[0] + words[first][0], span[0] + end))
                break
    return found


def most_salient(
    article: EntitiesArticle,
    entities: Lookup[Entity],
    label: EntityLabel,
    at: int,
    *,
    exclude: frozenset[str] = frozenset(),
) -> Entity | None:
    """The entity that a reference at `at` most likely stands for, as its mention nearest before (or after) it.

    Salience = mentions among the last `REMEMBERED` names before it + 2 if the title names it + 2 / (1 + sentences
    since the last mention). In the title itself, where nothing is before, the next names count instead. `entities`
    are those outside of bylines and advertising. Ties: the entity that was named first.
    """
    title = len(article.title or "")
    before = [entity for entity in entities.before(at, REMEMBERED) if entity.end <= at]
    fitting = [*entities.inside((0, min(title, before[0].start if before else 0))), *before]
    ahead = False
    if at < title and not any(_fits(entity, label, exclude) for entity in fitting):
        fitting, ahead = entities.values[:REMEMBERED], True
    mentions: dict[str, list[Entity]] = {}
    for entity in fitting:
        if _fits(entity, label, exclude):
            mentions.setdefault(entity.entity_id, []).append(entity)
    if not mentions:
        return None

    def salience(of: list[Entity]) -> tuple[float, int]:
        last = of[-1].end
        gap = abs(bisect_right(article.sentences, (at, at)) - bisect_right(article.sentences, (last, last)))
        in_title = 2.0 if of[0].start < title else 0.0
        return len(of) + in_title + 2.0 / (1 + gap), -of[0].start

    best = max(mentions.values(), key=salience)
    return best[0] if ahead else best[-1]


def _fits(entity: Entity, label: EntityLabel, exclude: frozenset[str]) -> bool:
    return entity.label == label and entity.entity_id not in exclude
