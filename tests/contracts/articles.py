"""Raw articles for the contract suites: ordinary ones, and what a feed brings on a bad day."""

from functools import cache
from typing import Any

import orjson

from pipeline.records import RawArticle, from_json
from pipeline.streams.topics import example, load_topics

SENTENCE = "Die Siemens AG übernimmt am Freitag die Altair Engineering Inc. für 10,6 Milliarden Dollar. "

HOSTILE: dict[str, dict[str, Any]] = {
    "one character": {"text": "a"},
    "digits": {"text": "9" * 1000 + " Dollar und 1" + "0" * 400 + " Euro"},
    "one long word": {"text": "Donaudampfschifffahrt" * 200},
    "NUL and control characters": {"text": "Die Firma\0 kauft\x01 die\x1b[31m Bank\x7f.\r\nHeute\x85 auch."},
    "beyond the basic plane": {"text": "😀🇩🇪 Die Bank 𝐊𝐚𝐮𝐟𝐭 👨‍👩‍👧‍👦 Siemens für 5 Mio. €. 😀 " * 20},
    "combining marks": {"text": "e" + "\u0301" * 500 + " " + SENTENCE},
    "right to left": {"text": "أعلنت شركة أرامكو السعودية عن أرباح قدرها 27 مليار دولار يوم الأحد. " * 3},
    "no spaces": {"text": "阿里巴巴集团周五宣布以五十亿美元收购一家公司。" * 5},
    "unbalanced quotes": {"text": '"Wir kaufen (die Bank, sagte „der Chef' + SENTENCE * 3},
    "only questions": {"text": "Kaufen oder verkaufen? Was tun Anleger jetzt? " * 5},
    "year 9999": {"text": "Ende 9999. Next Friday. Morgen. " + SENTENCE, "published_at": "9999-12-31T23:59:59Z"},
    "year 1": {"text": "Gestern kaufte Siemens. Last week.", "published_at": "0001-01-01T00:00:00Z"},
    "10,000 nested tags": {"html": "<div>" * 10_000 + SENTENCE + "</div>" * 10_000},
    "broken page": {"html": "<html><body><p>" + SENTENCE + "<script>alert(1)</p><<<!-- &#x110000; &nbsp"},
    "a title only": {"title": "Siemens übernimmt Altair"},
    "only blanks": {"text": " \n\t\u200b"},
    "every line a paragraph": {"text": "\n".join(["Siemens", "kauft", "am Freitag", "nichts."] * 25)},
    "no line at all": {"text": SENTENCE * 50},
    "wrong hint": {"text": SENTENCE * 3, "language": "ja", "source": {"name": "x", "country": "JP"}},
    "metadata": {"text": SENTENCE, "metadata": {"deep": [[[{"a": 18446744073709551615}]]], "normalised": 1}},
    "deletion with text": {"id": "weg", "action": "delete", "text": SENTENCE},
    "update": {"id": "neu", "action": "update", "title": "Neu", "text": SENTENCE},
}  # fmt: skip


@cache
def raw_articles() -> dict[str, RawArticle]:
    """Every example of the raw topic, and the hostile ones, by name."""
    topic = load_topics()["news.articles.raw"]
    examples = {name: orjson.loads(example(topic, name)) for name in topic.examples}
    return {name: from_json(RawArticle, fields) for name, fields in (examples | HOSTILE).items()}
