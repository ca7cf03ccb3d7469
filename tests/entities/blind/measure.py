"""How the rules do on sets that were written without sight of them: `python -m tests.entities.blind.measure`.

Options: names of sets (amounts amounts-2 dates dates-2 links links-cities sentences), `--stage` (links through the
whole stage and its model).
"""

import json
import re
import sys
import unicodedata
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.entities.amounts import find_amounts
from pipeline.entities.dates import find_dates
from pipeline.entities.decode import Mention
from pipeline.entities.links import shared_links
from pipeline.entities.mentions import resolve
from pipeline.entities.sentences import split_sentences
from pipeline.entities.stage import TagEntities
from pipeline.records.articles import LanguageArticle
from pipeline.records.values import Entity, Language, Models
from pipeline.settings import Settings

HERE = Path(__file__).parent
# Two ways to write one unit, and units that are a multiple of another: the schema leaves both open.
SCALED = {
    "GW": ("MW", 1000), "gigawatt": ("MW", 1000), "megawatt": ("MW", 1), "kg": ("tonne", Decimal("0.001")),
    "GWh": ("MWh", 1000), "job": ("jobs", 1), "share": ("shares", 1), "person": ("people", 1),
    "employee": ("people", 1),
    "ton": ("tonne", 1), "t": ("tonne", 1), "tonnes": ("tonne", 1), "barrels": ("barrel", 1),
    "percentage_point": ("percentage_points", 1), "basis_point": ("basis_points", 1),
}  # fmt: skip


class Table:
    """Counts of right, predicted and expected, by any key."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.right: Counter[str] = Counter()
        self.predicted: Counter[str] = Counter()
        self.expected: Counter[str] = Counter()

    def write(self) -> None:
        say(f"\n{self.title}: precision (right/predicted), recall (right/expected)")
        keys = sorted(set(self.predicted) | set(self.expected), key=lambda key: -self.expected[key])
        for key in keys:
            right, predicted, expected = self.right[key], self.predicted[key], self.expected[key]
            precision, recall = share(right, predicted), share(right, expected)
            say(f"  {key:9} {precision} ({right}/{predicted})  {recall} ({right}/{expected})")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "  -  "


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def overlap(gold: dict[str, Any], start: int, end: int) -> bool:
    return bool(gold["start"] < end and start < gold["start"] + len(gold["text"]))


def compare(
    titles: tuple[str, str],
    found: Iterable[tuple[dict[str, Any], list[dict[str, Any]], list[Any]]],
    same: Callable[[dict[str, Any], Any], bool],
    kind_of: Callable[[Any], str],
    gold_kind: Callable[[dict[str, Any]], str],
    show: Callable[[Any], str],
) -> tuple[list[tuple[dict[str, Any], Any]], list[str]]:
    """Matches what was found with what stands in the set: one to one, spans must overlap."""
    kinds, languages = Table(titles[0]), Table(titles[1])
    pairs: list[tuple[dict[str, Any], Any]] = []
    misses: list[str] = []
    for row, gold, predicted in found:
        language = row["language"]
        left = list(predicted)
        for wanted in gold:
            for key, table in ((gold_kind(wanted), kinds), ("all", kinds), (language, languages)):
                table.expected[key] += 1
            candidates = [one for one in left if overlap(wanted, one.start, one.end)]
            best = next((one for one in candidates if same(wanted, one)), None)
            if best is None:
                got = "; ".join(show(one) for one in candidates) or "nothing"
                misses.append(f"  {language} MISS {json.dumps(wanted, ensure_ascii=False)} got {got} | {row['text']}")
                continue
            left.remove(best)
            pairs.append((wanted, best))
            for key, table in ((gold_kind(wanted), kinds), ("all", kinds), (language, languages)):
                table.right[key] += 1
        for one in predicted:
            for key, table in ((kind_of(one), kinds), ("all", kinds), (language, languages)):
                table.predicted[key] += 1
        misses += [
            f"  {language} EXTRA {show(one)} | {row['text']}"
            for one in left
            if not any(overlap(wanted, one.start, one.end) for wanted in gold)
        ]
    kinds.write()
    languages.write()
    return pairs, misses


def unit_value(unit: str | None, value: str | None) -> tuple[str, Decimal | None]:
    unit = re.sub(r"([/ _]per_?|/|_a_)(day|d)$", "", unit or "")
    unit, factor = SCALED.get(unit, (unit, 1))
    return unit, None if value is None else Decimal(value) * factor


def same_amount(wanted: dict[str, Any], got: Any) -> bool:
    # "up to", "more than": a bound beside the value is as right as none.
    open_end = wanted["approximate"] is None and "value" in wanted
    fields = ("value",) if open_end and got.value is not None else ("value", "low", "high")
    return wanted["kind"] == got.kind and all(
        unit_value(wanted["unit"], wanted.get(name)) == unit_value(got.unit, getattr(got, name)) for name in fields
    )


def show_amount(got: Any) -> str:
    value = got.value if got.value is not None else ""
    if got.low is not None or got.high is not None:
        value += f" {got.low}..{got.high}"
    return f"[{got.text}] {got.kind} {value} {got.unit}"


def amounts(name: str = "amounts") -> None:
    data = rows(name)
    found = [
        (row, row["amounts"], list(find_amounts(row["text"], row["language"], country=row.get("country"))))
        for row in data
    ]
    pairs, misses = compare(
        (f"{name.capitalize()} by kind", f"{name.capitalize()} by language"), found, same_amount,
        lambda one: one.kind, lambda wanted: str(wanted["kind"]), show_amount,
    )  # fmt: skip
    judged = [(wanted, got) for wanted, got in pairs if wanted["approximate"] is not None]
    agree = sum(bool(got.approximate) == wanted["approximate"] for wanted, got in judged)
    said = [(wanted, got) for wanted, got in judged if wanted["approximate"]]
    say(f"\n`approximate` agrees: {agree}/{len(judged)}; seen where the text says so: "
        f"{sum(bool(got.approximate) for _, got in said)}/{len(said)}")  # fmt: skip
    say(f"Words exactly as in the set: {sum(got.text == wanted['text'] for wanted, got in pairs)}/{len(pairs)}")
    say(f"Sentences without an amount, something found: {sum(bool(got) and not gold for _, gold, got in found)}")
    say("\n".join(misses))


def days(text: str) -> tuple[date, date]:
    """First and last day of an ISO 8601 day, week, month, quarter, year or interval."""
    if "/" in text:
        first, last = text.split("/")
        return days(first)[0], days(last)[1]
    year = int(text[:4])
    if len(text) == 4:
        return date(year, 1, 1), date(year, 12, 31)
    if text[5] == "W":
        monday = date.fromisocalendar(year, int(text[6:]), 1)
        return monday, monday + timedelta(days=6)
    if text[5] == "Q":
        month = int(text[6]) * 3
        return date(year, month - 2, 1), date(year, month, monthrange(year, month)[1])
    if len(text) == 7:
        return date(year, int(text[5:]), 1), date(year, int(text[5:]), monthrange(year, int(text[5:]))[1])
    return date.fromisoformat(text), date.fromisoformat(text)


def same_date(wanted: dict[str, Any], got: Any) -> bool:
    first, last = days(got.date)
    outer = [days(wanted["date"])]
    if wanted.get("match") == "within":  # "end of March": how long an end is, nobody has said
        return any(start <= first and last <= end for start, end in outer)
    outer += [days(text) for text in wanted.get("accept", ())]
    return (first, last) in outer


def date_kind(text: str) -> str:
    if "/" in text:
        return "interval"
    return {4: "year", 7: "month", 8: "week", 10: "day"}[len(text)] if "Q" not in text else "quarter"


def dates(name: str = "dates") -> None:
    found = []
    for row in rows(name):
        text, language, country = row["text"], row["language"], row.get("country")
        taken = [(one.start, one.end) for one in find_amounts(text, language, country=country)]
        got = find_dates(text, language, published_at=row["published_at"], country=country, taken=taken)
        found.append((row, row["dates"], list(got)))
    pairs, misses = compare(
        (f"{name.capitalize()} by kind", f"{name.capitalize()} by language"), found, same_date,
        lambda one: date_kind(one.date), lambda wanted: date_kind(wanted["date"]),
        lambda one: f"[{one.text}] {one.date}",
    )  # fmt: skip
    say(f"\nWords exactly as in the set: {sum(got.text == wanted['text'] for wanted, got in pairs)}/{len(pairs)}")
    say(f"Sentences without a date, something found: {sum(bool(got) and not gold for _, gold, got in found)}")
    say("\n".join(misses))


def sentences() -> None:
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    lines = []
    for row in rows("sentences"):
        text, language = row["text"], row["language"]
        got = [text[start:end].strip() for start, end in split_sentences(text, language)]
        total[language] += 1
        if got == row["sentences"]:
            right[language] += 1
        else:
            lines.append(f"  {language} {got!r} instead of {row['sentences']!r}")
    say(f"\nSentences: {right.total()}/{total.total()} cases exactly right = {share(right.total(), total.total())}")
    say("  " + ", ".join(f"{language} {right[language]}/{count}" for language, count in total.most_common()))
    say("\n".join(lines))


def slug(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold().replace("&", " ")
    return re.sub(r"[^\w]+", "-", "".join(sign for sign in folded if not unicodedata.combining(sign))).strip("-")


def linked(entity: Entity) -> bool:
    """An id of one of the tables, not one made from label and name (`ew:org/x-...`)."""
    return entity.ids is not None or not entity.entity_id.rpartition("/")[2].startswith("x-")


def verdict(wanted: dict[str, Any], entity: Entity | None) -> str:
    """right, wrong (another id than expected, or one where none belongs) or none."""
    if entity is None or not linked(entity):
        return "none"
    ids = {name: value for name in ("isin", "ticker", "mic", "lei", "country", "geonames_id")
           if entity.ids and (value := getattr(entity.ids, name)) is not None}  # fmt: skip
    accepted = [wanted["expect"], *wanted.get("accept", ())]
    match wanted["id_kind"]:
        case "none":
            allowed = wanted.get("allow")
            fits = allowed and not set(ids) - {"country", "geonames_id"} and ids.get("country") == allowed["country"]
            return "none" if fits else "wrong"
        case "isin":
            return "right" if ids.get("isin") in accepted else "wrong" if "isin" in ids else "without"
        case "city":
            return "right" if ids.get("geonames_id") in accepted else "wrong"
        case "country":
            return "right" if ids.get("country") in accepted and "isin" not in ids else "wrong"
        case _:
            return "right" if entity.entity_id.rpartition("/")[2] in [slug(name) for name in accepted] else "wrong"


def by_rules(data: list[dict[str, Any]]) -> list[tuple[Entity, ...]]:
    """Every mention as if the model had found it with the label of the set."""
    links = shared_links()
    return [
        resolve(
            row["text"],
            [Mention(one["start"], one["start"] + len(one["text"]), one["label"], 0.95) for one in row["mentions"]],
            row["language"],
            links,
        )
        for row in data
    ]


def by_stage(data: list[dict[str, Any]]) -> list[tuple[Entity, ...]]:
    stage = TagEntities.load(Settings())
    records = [
        LanguageArticle(
            id=str(index), action="add", text=row["text"], models=Models(language="blind@1+00000000"),
            language=Language(code=row["language"], script="Latn", confidence=1.0),
        )
        for index, row in enumerate(data)
    ]  # fmt: skip
    return [getattr(record, "entities", ()) for record in stage.run(records)]


def links(name: str, tagged: Callable[[list[dict[str, Any]]], list[tuple[Entity, ...]]], title: str) -> None:
    data = rows(name)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    languages: dict[str, Counter[str]] = defaultdict(Counter)
    lines = []
    for row, entities in zip(data, tagged(data), strict=True):
        for wanted in row["mentions"]:
            at = [one for one in entities if overlap(wanted, one.start, one.end)]
            # The words of the set first, then the longest that touches them.
            end = wanted["start"] + len(wanted["text"])
            at.sort(key=lambda one: ((one.start, one.end) != (wanted["start"], end), one.start - one.end))
            entity = at[0] if at else None
            outcome = verdict(wanted, entity)
            group = wanted["id_kind"]
            if group == "none":
                group = "trap word" if wanted.get("common_noun") else "trap name"
            counts[group][outcome] += 1
            languages[row["language"]]["trap" if wanted["id_kind"] == "none" else outcome] += 1
            if outcome != ("none" if wanted["id_kind"] == "none" else "right"):
                got = f"[{entity.text}] {entity.label} {entity.entity_id} {entity.ids}" if entity else "nothing"
                lines.append(f"  {row['language']} {group} {outcome} [{wanted['text']}] expected {wanted['expect']}"
                             f" ({wanted['why']}) got {got} | {row['text']}")  # fmt: skip
    say(f"\n{name}, {title}")
    for group, count in counts.items():
        say(f"  {group:10} {dict(count)}")
    positive = [counts[group] for group in ("isin", "country", "name", "city")]
    right = sum(count["right"] for count in positive)
    wrong_traps = counts["trap word"]["wrong"], counts["trap name"]["wrong"]
    wrong = sum(count["wrong"] for count in positive)
    total = sum(count.total() for count in positive)
    given = right + wrong + wrong_traps[1]
    worst = given + wrong_traps[0]
    say(f"  precision {share(right, given)} ({right}/{given})")
    say(f"  precision, trap words that no model should tag counted too: {share(right, worst)} ({right}/{worst})")
    say(f"  recall {share(right, total)} ({right}/{total}); linked, but without the ISIN: {counts['isin']['without']}")
    for language, count in sorted(languages.items(), key=lambda item: -item[1].total()):
        say(f"    {language} right {count['right']}/{count.total() - count['trap']}")
    say("\n".join(lines))


def main(arguments: list[str]) -> None:
    chosen = [one for one in arguments if not one.startswith("-")]
    for name, measure in {"amounts": amounts, "dates": dates}.items():
        for written in (name, f"{name}-2"):
            if not chosen or written in chosen:
                measure(written)
    if not chosen or "sentences" in chosen:
        sentences()
    for name in ("links", "links-cities"):
        if not chosen or name in chosen:
            links(name, by_rules, "each mention given with its label")
            if "--stage" in arguments:
                links(name, by_stage, "mentions found by the whole stage")


if __name__ == "__main__":
    main(sys.argv[1:])
