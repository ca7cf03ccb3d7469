"""`python -m training own-background`: write pipeline/events/background.jsonl out of the authored snippets.

The background of the users' own types is what ordinary sentences look like, in eight languages, of all types and of
none. It is data for fitting, like a word list: its facts are invented, and nothing of it is ever shown as news.
"""

from __future__ import annotations

import json

from training import articles, places
from training.event_data import document
from training.labels import event_types

PATH = places.REPOSITORY / "pipeline" / "events" / "background.jsonl"


def main() -> None:
    """One text a line: language, sentences, and of each the types that it reports."""
    lines = []
    for record in articles.authored():
        if record["corpus"] != "authored-snippets":
            continue
        doc = document(record)
        types = [[] for _ in doc.sentences]
        for sentence, column in sorted(doc.reported):
            types[sentence].append(event_types()[column])
        sentences = [record["text"][start:end] for start, end in doc.sentences]
        row = {"language": record["language"], "sentences": sentences, "types": types}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    PATH.write_text("".join(lines), encoding="utf-8")
    print(f"{PATH.name}: {len(lines)} texts")


if __name__ == "__main__":
    main()
