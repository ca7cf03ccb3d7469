"""An installed spaCy package as the entity model of a language: `EVENTWIRE_MODELS_DE=de_core_news_lg`.

Only its names are taken; sentences, amounts, dates and ids stay ours. spaCy gives no probability of a mention, so the
confidence of these is 1.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import spacy
from spacy.language import Language

from pipeline.entities.decode import Mention
from pipeline.errors import SettingsError
from pipeline.records.values import EntityLabel
from pipeline.settings import PREFIX

RULES_ONLY = "none"  # instead of a package: no model for this language
_NOT_FOR_NAMES = (
    "parser",
    "tagger",
    "morphologizer",
    "lemmatizer",
    "trainable_lemmatizer",
    "attribute_ruler",
    "senter",
)
_OWN_RULES = {"entity_ruler", "span_ruler"}  # may look at lemmas and parts of speech
_LINE = re.compile(r"[^\n\r]*\S[^\n\r]*")
# The labels of spaCy's own packages and of the corpora behind them.
_LABELS: Mapping[str, EntityLabel] = {
    **dict.fromkeys(("PER", "PERSON", "PRS", "PERSNAME", "PS", "DERIV_PER"), "PER"),
    **dict.fromkeys(("ORG", "ORGANIZATION", "ORGNAME", "OG", "GPE_ORG", "COMPANY"), "ORG"),
    **dict.fromkeys(("LOC", "LOCATION", "GPE", "FAC", "FACILITY", "PLACENAME", "GEOGNAME", "LC", "GPE_LOC"), "LOC"),
    **dict.fromkeys(("PRODUCT", "PROD", "OBJ"), "PRODUCT"),
    **dict.fromkeys(("MISC", "NORP", "EVENT", "EVT", "EVN", "WORK_OF_ART", "WRK", "LAW", "NAT_REL_POL"), "MISC"),
}


@dataclass(frozen=True, slots=True)
class Package:
    """A loaded package; `ref` is name@version and a digest over the package's files and nothing else."""

    nlp: Language
    name: str
    version: str
    digest: str

    def mentions(self, text: str) -> list[Mention]:
        """The names of a text in our labels, in order; others ("DATE", "MONEY") are left to our rules.

        Line by line, since a name never goes over a line's end, and one by one, so that no text changes another's.
        """
        found: list[Mention] = []
        with self.nlp.memory_zone():  # a worker runs for months, and spaCy's vocabulary only grows
            for line in _LINE.finditer(text):
                for ent in self.nlp(line[0]).ents:
                    label = _LABELS.get(ent.label_.upper())
                    if label is not None and ent.text.strip():
                        start = line.start() + ent.start_char
                        found.append(Mention(start, start + len(ent.text), label, 1.0))
        return found


def load_packages(models: tuple[tuple[str, str], ...]) -> dict[str, Package | None]:
    """The packages of the setting `models`, by language; None: rules only.

    Raises `SettingsError` for a package that isn't installed, can't be loaded or has no names.
    """
    return {language: None if name == RULES_ONLY else _load(language, name) for language, name in models}


def _load(language: str, name: str) -> Package:
    variable = f"{PREFIX}MODELS_{language.upper()}={name}"
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if re.fullmatch(r"\w+", module) else None
    if spec is None or spec.origin is None or not Path(spec.origin).with_name("meta.json").is_file():
        raise SettingsError(
            f"{variable}: no spaCy package of this name is installed here. Install it beside eventwire "
            f"(pip install {name.replace('_', '-')}), or take the setting away."
        )
    try:
        nlp = spacy.load(module, exclude=_NOT_FOR_NAMES)
        if _OWN_RULES & set(nlp.pipe_names):
            nlp = spacy.load(module)
    except Exception as error:  # whatever a package of others may raise
        raise SettingsError(f"{variable}: spaCy can't load it ({error}).") from error
    labels = {
        label.upper()
        for pipe in nlp.pipe_names
        if "doc.ents" in nlp.get_pipe_meta(pipe).assigns
        for label in getattr(nlp.get_pipe(pipe), "labels", ())
    }
    if not labels & set(_LABELS):
        raise SettingsError(
            f"{variable}: this package finds no persons, organisations or places (its components: "
            f"{', '.join(nlp.pipe_names) or 'none'}). Take one with a component that does, such as `ner`."
        )
    nlp.max_length = 100_000_000  # the road has limits of its own
    return Package(nlp, module, str(nlp.meta["version"]), _digest(Path(spec.origin).parent))


def _digest(folder: Path) -> str:
    """SHA-256 over the names and bytes of a package's files, but for what Python compiled."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            whole.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()
