"""Readers of the entity corpora: every corpus in its own format and label set, one kind of sentence out.

What a corpus says about a word is a set of allowed labels, since corpora disagree on what they mark: where MISC
and PRODUCT are not annotated, a word outside any mention may still be one. Kinds:
PER ORG LOC PRODUCT MISC: that class. OTHER: PRODUCT or MISC. O: none. OPEN: none, PRODUCT or MISC. SKIP: unknown.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from training import articles, places
from training.labels import CLASSES, ENTITY_LABELS

Span = tuple[int, int]
_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W\u3040-\u30ff\u4e00-\u9fff]+|[^\w\s]")


class Sentence(NamedTuple):
    """Words with their labels; `spans` place them in `text` when the corpus has the original text."""

    words: list[str]
    marks: list[tuple[str, str]]  # (B or I, kind); kinds O, OPEN and SKIP have no prefix
    text: str | None
    spans: list[Span] | None
    unit: str  # document


def allowed(prefix: str, kind: str) -> tuple[int, int]:
    """Bit masks over ENTITY_LABELS for the first and for the other pieces of a word; 0: not trained."""
    if kind == "SKIP":
        return 0, 0
    classes = {"O": (), "OPEN": ("PRODUCT", "MISC"), "OTHER": ("PRODUCT", "MISC")}.get(kind, (kind,))
    outside = kind in ("O", "OPEN")
    first = rest = int(outside)  # bit 0 is O
    for label in classes:
        inside = 1 << ENTITY_LABELS.index(f"I-{label}")
        begin = 1 << ENTITY_LABELS.index(f"B-{label}")
        first |= begin | inside if kind == "OPEN" else (begin if prefix == "B" else inside)
        rest |= inside
    return first, rest


def _mark(tag: str, names: dict[str, str], outside: str) -> tuple[str, str]:
    prefix, _, name = tag.partition("-")
    if tag in ("O", "0", "_") or (kind := names.get(name, outside)) in ("O", "OPEN", "SKIP"):
        return "", outside if tag in ("O", "0", "_") else kind
    return prefix, kind


def _columns(lines: Iterable[str], word: int, tag: int, separator: str | None = "\t") -> Iterator[tuple[str, list]]:
    """Sentences of a column format as (document, [(word, tag)])."""
    unit, rows = "", []
    for line in lines:
        line = line.rstrip("\r\n")
        cells = line.split(separator)
        if line.startswith(("#", "-DOCSTART-")) and (len(cells) < 4 or not line[1:2].isdigit()):
            if "newdoc" in line or "http" in line or line.startswith("-DOC"):
                unit = line
        elif len(cells) > max(word, tag if tag >= 0 else 1):
            rows.append((cells[word], cells[tag]))
        elif rows:
            yield unit, rows
            rows = []
    if rows:
        yield unit, rows


def _bio(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Tags without B (inside-outside, or a bare class) to BIO."""
    fixed, before = [], "O"
    for word, tag in rows:
        name = tag.split("-")[-1]
        inside = name not in ("O", "0")
        fixed.append((word, f"{'I' if name == before else 'B'}-{name}" if inside else "O"))
        before = name
    return fixed


def read_columns(
    paths: Iterable[Path],
    names: dict[str, str],
    *,
    outside: str,
    word: int = 0,
    tag: int = -1,
    separator: str | None = "\t",
    inside_only: bool = False,
    lines: Iterable[str] | None = None,
) -> Iterator[Sentence]:
    """Read CoNLL-like files; `names` maps the corpus's classes to kinds, anything else is `outside`."""
    for path in paths:
        source = lines if lines is not None else path.read_text(encoding="utf-8").split("\n")
        for unit, rows in _columns(source, word, tag, separator):
            rows = _bio(rows) if inside_only else rows
            marks = [_mark(cell, names, outside) for _, cell in rows]
            yield Sentence([cell for cell, _ in rows], marks, None, None, f"{path.name}{unit}")


def read_universal(path: Path) -> Iterator[Sentence]:
    """Universal NER: has the original text in a comment, and OTH in some corpora."""
    names = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "OTH": "OPEN"}
    text = ""
    lines: list[str] = []
    for line in [*path.read_text(encoding="utf-8").split("\n"), ""]:
        if line.startswith("# text = "):
            text = line[9:]
        if line:
            lines.append(line)
            continue
        for sentence in read_columns([path], names, outside="OPEN", word=1, tag=2, lines=lines):
            yield sentence._replace(text=text, spans=_align(text, sentence.words))
        lines = [row for row in lines if row.startswith("# newdoc")]


def _align(text: str, words: list[str]) -> list[Span] | None:
    spans, at = [], 0
    for word in words:
        at = text.find(word, at)
        if at < 0:
            return None
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def from_spans(text: str, mentions: list[tuple[int, int, str]], outside: str, unit: str) -> Sentence:
    """A sentence from character spans; words are runs of letters and digits, single signs or Chinese characters."""
    spans = [match.span() for match in _WORD.finditer(text)]
    marks = [("", outside)] * len(spans)
    for start, end, kind in mentions:
        inside = [i for i, (left, right) in enumerate(spans) if left < end and right > start]
        for i in inside:
            plain = kind in ("O", "OPEN", "SKIP")
            marks[i] = ("", kind) if plain else ("B" if i == inside[0] else "I", kind)
    return Sentence([text[a:b] for a, b in spans], marks, text, spans, unit)


def read_smartdata(path: Path) -> Iterator[Sentence]:
    """SmartData: JSON objects back to back; line by line, since hard-wrapped pages have no better unit."""
    names = {"person": "PER", "organization": "ORG", "organization-company": "ORG", "location-route": "SKIP"}
    names |= dict.fromkeys(("location", "location-city", "location-street", "location-stop"), "LOC")
    data, at, decoder = gzip.decompress(path.read_bytes()).decode(), 0, json.JSONDecoder()
    while match := re.compile(r"\S").search(data, at):
        record, at = decoder.raw_decode(data, match.start())
        text = record["text"]["string"]
        mentions = []
        for concept in (record["conceptMentions"] or {}).get("array", []):
            if concept["type"] in names:
                span = concept["span"]
                kind, surface = names[concept["type"]], text[span["start"] : span["end"]]
                noun = " " not in surface and re.search(r"\b[dD](ie|er|as|en|em|es) $", text[: span["start"]])
                common = surface[:1].islower() or (noun and kind == "ORG")  # "die Gruppe": a common noun
                mentions.append((span["start"], span["end"], "SKIP" if common else kind))
        yield from _lines(text, mentions, "OPEN", str(record["id"]))


def _lines(text: str, mentions: list[tuple[int, int, str]], outside: str, unit: str) -> Iterator[Sentence]:
    for line in re.finditer(r"[^\n]+", text):
        a, b = line.span()
        inside = [(start - a, min(end, b) - a, kind) for start, end, kind in mentions if a <= start < b]
        yield from_spans(line.group(), inside, outside, unit)


def read_own() -> Iterator[Sentence]:
    """Our own annotation of Wikinews articles, all five classes; the unit names language and part."""
    for record in articles.entities_own():
        mentions = [(start, end, label) for start, end, label in record["entities"]]
        yield from _lines(record["text"], mentions, "O", f"{record['language']}:{articles.part(record)}:{record['id']}")


def read_stockmark(path: Path) -> Iterator[Sentence]:
    """Japanese Wikipedia sentences."""
    names = {"人名": "PER", "法人名": "ORG", "政治的組織名": "ORG", "その他の組織名": "ORG", "地名": "LOC"}
    names |= {"施設名": "LOC", "製品名": "PRODUCT", "イベント名": "MISC"}
    for record in json.loads(path.read_text(encoding="utf-8")):
        mentions = [(*entity["span"], names[entity["type"]]) for entity in record["entities"]]
        yield from_spans(record["text"], mentions, "O", record["curid"])


def read_ronec(path: Path) -> Iterator[Sentence]:
    """RONEC 2, JSON."""
    for record in json.loads(path.read_text(encoding="utf-8")):
        tags = record["ner_tags"]
        yield _ronec(record["tokens"], tags, str(record["id"]))


def read_ronec_old(path: Path) -> Iterator[Sentence]:
    """RONEC 1, zipped columns."""
    with zipfile.ZipFile(path) as archive:
        text = io.TextIOWrapper(archive.open(archive.namelist()[0]), encoding="utf-8").read()
    for unit, rows in _columns(text.split("\n"), 1, -1):
        yield _ronec([word for word, _ in rows], [tag for _, tag in rows], unit)


def _ronec(words: list[str], tags: list[str], unit: str) -> Sentence:
    names = {"PERSON": "PER", "ORG": "ORG", "ORGANIZATION": "ORG", "GPE": "LOC", "LOC": "LOC", "FACILITY": "LOC"}
    names |= {"PRODUCT": "PRODUCT", "WORK_OF_ART": "MISC", "EVENT": "MISC", "NAT_REL_POL": "OPEN", "LANGUAGE": "OPEN"}
    marks = []
    common = False  # RONEC also marks common nouns ("un militar"): left out, whole mention
    for word, tag in zip(words, tags, strict=True):
        prefix, kind = _mark(tag, names, "O")
        common = kind in CLASSES and (word[:1].islower() if prefix == "B" else common)
        marks.append(("", "SKIP") if common else (prefix, kind))
    return Sentence(words, marks, None, None, unit)


Reader = Callable[[], Iterator[Sentence]]


def corpora(root: Path | None = None) -> dict[str, tuple[str, Reader]]:
    """All corpora by name: language and reader. Names that end in `-test` are official test files."""
    root = root or places.data() / "ner"
    conll = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "MISC": "OPEN"}
    germeval = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "OTH": "OTHER"}
    germeval |= {f"{name}part": "SKIP" for name in germeval}  # "US-Regierung"; -deriv ("deutsche") is none
    mobie = {"person": "PER", "organization": "ORG", "organization-company": "ORG", "location-route": "SKIP"}
    mobie |= dict.fromkeys(("location", "location-city", "location-street", "location-stop"), "LOC")
    wnut = {"person": "PER", "location": "LOC", "group": "ORG", "corporation": "ORG"}
    wnut |= {"product": "PRODUCT", "creative-work": "MISC"}
    turku = {"PER": "PER", "ORG": "ORG", "LOC": "LOC", "PRO": "OTHER", "EVENT": "MISC"}
    nerkor = conll | {"MISC": "OTHER"}

    def columns(language: str, pattern: str, names: dict[str, str], outside: str, **options: Any) -> tuple[str, Reader]:
        return language, lambda: read_columns(sorted(root.glob(pattern)), names, outside=outside, **options)

    io_ = {"separator": None, "inside_only": True}
    found = {
        "germeval": columns("de", "de-germeval2014/*.tsv", germeval, "O", word=1, tag=2),
        "smartdata": ("de", lambda: read_smartdata(root / "de-smartdata/train.json.gz")),
        "mobie": columns("de", "de-mobie/[dt][er][va]*.conll2003", mobie, "OPEN"),
        "mobie-test": columns("de", "de-mobie/test.conll2003", mobie, "OPEN"),
        "wikigold": columns("en", "en-wikigold/CONLL-format/data/*.txt", conll, "O", **io_),
        "wnut": columns("en", "en-wnut17/CONLL-format/data/[dt][er][va]*/*", wnut, "OPEN"),
        "swedish": columns("sv", "sv-swedish-ner/train_corpus.txt", conll, "O", **io_),
        "swedish-test": columns("sv", "sv-swedish-ner/test_corpus.txt", conll, "O", **io_),
        "turku": columns("fi", "fi-turku/data/conll/[td][re][av]*.tsv", turku, "O"),
        "turku-test": columns("fi", "fi-turku/data/conll/test.tsv", turku, "O"),
        "nerkor": columns("hu", "hu-nerkor/train/news/*", nerkor, "O", tag=5),
        "nerkor-test": columns("hu", "hu-nerkor/devel/news/*", nerkor, "O", tag=5),
        "ronec-test": ("ro", lambda: read_ronec(root / "ro-ronec/data/test.json")),
        "ronec": ("ro", lambda: read_ronec(root / "ro-ronec/data/valid.json")),
        "ronec-old": ("ro", lambda: read_ronec_old(root / "ro-ronec/ronec_v1/ronec/conllup/zips/ronec_iob.zip")),
        "linspector": columns("ru", "ru-linspector/train.txt", conll, "O", **io_),
        "linspector-test": columns("ru", "ru-linspector/dev.txt", conll, "O", **io_),
        "stockmark": ("ja", lambda: read_stockmark(root / "ja-stockmark/ner.json")),
        "own": ("", read_own),
    }
    for path in sorted((root / "uner").glob("*/*.iob2")):
        language, split = path.name[:2], path.stem.rsplit("-", 1)[1]
        train = split == "train" or (split == "dev" and language == "en")
        name = f"uner-{path.name.split('_')[0]}" + {"test": "-test", "dev": "" if train else "-dev"}.get(split, "")
        found[name] = (language, lambda path=path: read_universal(path))
    return found
