"""Names of countries: CLDR's in the article's language, through babel, and those of `data/countries.yaml`."""

from __future__ import annotations

from functools import cache

from babel import Locale, UnknownLocaleError

from pipeline.entities.names import Key, keys, tokens
from pipeline.entities.tables import read_table


def country_code(form: str, language: str) -> str | None:
    """ISO 3166-1 alpha-2 of the country that a name stands for, whatever else it may mean."""
    names = _countries(language)
    return next((names[key] for key in (tokens(form), *keys(form, language)) if key in names), None)


def find_country(form: str, language: str, lowered: str) -> str | None:
    """The country that a name must be in a text (`lowered`): Georgia only beside Tbilisi or the like."""
    code = country_code(form, language)
    needs = read_table("countries.yaml")["ambiguous"].get(code) if language == "en" else None
    return None if needs is not None and not any(word in lowered for word in needs) else code


@cache
def _countries(language: str) -> dict[Key, str]:
    """Folded country names of a language, and the abbreviations that all languages use."""
    table = read_table("countries.yaml")
    names: dict[Key, str] = {}
    try:
        territories = Locale.parse({"no": "nb"}.get(language, language)).territories
    except (UnknownLocaleError, ValueError):
        territories = Locale.parse("en").territories
    for code, name in territories.items():
        if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"}:
            names.setdefault(tokens(name), code)
    own = table.get(language, {}) | table["all"]
    names.update({tokens(str(name)): str(code) for name, code in own.items()})
    return names
