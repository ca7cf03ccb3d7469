"""Query parameters: read, checked, and which events they let through. The wishes are those of `eventwire tail`."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

from starlette.datastructures import QueryParams

from pipeline.errors import SettingsError
from pipeline.events.selection import Selection, fold_name, nearest, select
from pipeline.events.taxonomy import Taxonomy, taxonomy
from pipeline.records.events import Time
from pipeline.web.problems import Problem, problem_of
from pipeline.web.rows import Row

TIMES: tuple[str, ...] = get_args(Time)
FILTERS = ("class", "type", "entity", "language", "min_confidence", "source", "status", "time", "from", "to", "q")
_MOST_VALUES = 100  # of one parameter
_LONGEST = 200  # characters of one value


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What can be wished for. `languages`: the codes that an article can have; `kinds`: the types, own ones too."""

    languages: Collection[str]
    kinds: Taxonomy = field(default_factory=taxonomy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a request wants. `since`, `before`: milliseconds. Hashable: equal wishes are equal."""

    selection: Selection = field(default_factory=Selection)
    time: str = ""
    since: int | None = None
    before: int | None = None
    words: tuple[str, ...] = ()  # folded; all of them

    def wants(self, row: Row) -> bool:
        wish = self.selection
        return (
            (not wish.classes or row.event_class in wish.classes)
            and (not wish.types or row.type in wish.types)
            and row.confidence >= wish.min_confidence
            and (not wish.statuses or row.status in wish.statuses)
            and (not wish.languages or row.language in wish.languages)
            and (not self.time or row.time == self.time)
            and (self.since is None or row.written >= self.since)
            and (self.before is None or row.written < self.before)
            and all(word in row.search for word in self.words)
            and (not wish.entities or any(name in row.search for name in wish.entities))
            and (not wish.sources or any(name in row.search for name in wish.sources))
            # The words stand somewhere in the event: whether in the right place, only the event tells.
            and (not (wish.entities or wish.sources) or wish.wants(row.event()))
        )


def read_filter(params: QueryParams, known: Known, *, others: Collection[str] = ()) -> Filter:
    """The filter that `params` name. `others`: parameters that the path has besides. Raises `Problem`."""
    check_names(params, (*FILTERS, *others))
    try:
        selection = select(
            classes=_several(params, "class", commas=True),
            types=_several(params, "type", commas=True),
            entities=_several(params, "entity"),
            languages=_several(params, "language", commas=True),
            statuses=_several(params, "status", commas=True),
            sources=_several(params, "source"),
            min_confidence=_confidence(params),
            known_languages=known.languages,
            kinds=known.kinds,
        )
    except SettingsError as error:
        raise problem_of(error) from None
    since, before = _moment(params, "from"), _moment(params, "to")
    if since is not None and before is not None and since >= before:
        raise Problem(400, "`from` must be earlier than `to`: nothing lies between them.")
    text = one(params, "q") or ""
    words = tuple(fold_name(text).split())
    if text.strip() and not words:
        raise Problem(400, "`q` has no letter or digit: no event can match it.")
    time = choice(params, "time", TIMES, "")
    return Filter(selection=selection, time=time, since=since, before=before, words=words)


def one(params: QueryParams, name: str) -> str | None:
    """The value of a parameter that is given once at most. Raises `Problem`."""
    values = params.getlist(name)
    if len(values) > 1:
        raise Problem(400, f"`{name}` is there {len(values)} times: give it once.")
    return values[0] if values else None


def choice(params: QueryParams, name: str, known: Collection[str], default: str) -> str:
    value = one(params, name)
    if value is None:
        return default
    if value not in known:
        near = nearest(value[:_LONGEST], known)
        raise Problem(400, f"`{name}` is one of {', '.join(known)}, not {_short(value)}.", nearest=near)
    return value


def whole_number(params: QueryParams, name: str, *, least: int, most: int, default: int) -> int:
    value = one(params, name)
    if value is None:
        return default
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    if number is None or not least <= number <= most:
        raise Problem(400, f"`{name}` is a whole number from {least} to {most}, not {_short(value)}.")
    return number


def yes_or_no(params: QueryParams, name: str) -> bool:
    return choice(params, name, ("true", "false"), "false") == "true"


def _several(params: QueryParams, name: str, *, commas: bool = False) -> list[str]:
    values = params.getlist(name)
    if commas:
        values = [part.strip() for value in values for part in value.split(",") if part.strip()]
    if len(values) > _MOST_VALUES:
        raise Problem(400, f"`{name}` has {len(values)} values: {_MOST_VALUES} are the most.")
    if long := next((value for value in values if len(value) > _LONGEST), None):
        raise Problem(400, f"`{name}` {_short(long)} is longer than {_LONGEST} characters.")
    return values


def _confidence(params: QueryParams) -> float:
    text = one(params, "min_confidence")
    try:
        return float(text) if text is not None else 0.0
    except ValueError:
        raise Problem(400, f"`min_confidence` is a number from 0 to 1, not {_short(text or '')}.") from None


def _moment(params: QueryParams, name: str) -> int | None:
    text = one(params, name)
    if text is None:
        return None
    try:
        # In a query, a plus sign that isn't percent-encoded is a space.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
        if moment.tzinfo is None and len(text.strip()) > 10:
            raise Problem(400, f"`{name}` {_short(text)} has no time zone: add Z for UTC, or %2B01:00.")
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        says = "a time with its zone (2026-11-25T09:30:00Z) or a day (2026-11-25, UTC)"
        raise Problem(400, f"`{name}` is {says}, not {_short(text)}.") from None


def check_names(params: QueryParams, known: Collection[str]) -> None:
    """Raises `Problem` for a parameter that nobody reads: a wish that is silently ignored is worse than an error."""
    for name in params:
        if name not in known:
            near = nearest(name[:_LONGEST], known)
            there = f"There are: {', '.join(known)}." if known else "This path has none."
            hint = f" Did you mean {', '.join(near)}?" if near else f" {there}"
            raise Problem(400, f"There is no parameter {_short(name)} here.{hint}", nearest=near)
    if text := next(
        (name for name in ("q", "from", "to", "cursor", "after") if len(params.get(name, "")) > _LONGEST), ""
    ):
        raise Problem(400, f"`{text}` is longer than {_LONGEST} characters.")


def _short(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:59]}…")
