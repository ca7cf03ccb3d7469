"""Every number of the entity stage: `python -m training.evaluate_entities [entities] [sentences] [blind]`.

    entities    PER, ORG and LOC by language on test splits that no training saw, int8 and float (as the card)
    sentences   boundaries in ten languages against spaCy's sentencizer
    blind       the sets of `tests/entities/blind`: amounts, dates, sentences, links with the mentions given

Without a name all three. Needs the data folder (EVENTWIRE_DATA), no PyTorch.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import spacy

from pipeline.encoder import Model
from pipeline.entities.sentences import split_sentences
from tests.entities.blind import measure as blind
from training import places
from training.evaluate import _entities, entity_scores, float_model

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "sv")
TOGETHER = 10  # sentences in one paragraph: their inner ends are what must be found
PARTS = ("entities", "sentences", "blind")


def paragraphs(language: str) -> Iterator[tuple[str, set[int]]]:
    """Ten sentences in a row as one line, and where each but the last ends.

    The set has sentences from the web; those without a full stop at their end are left out, since nothing marks it.
    """
    lines = (places.data() / "language" / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    whole = [line.strip() for line in lines if line.strip().endswith((".", "!", "?"))]
    for start in range(0, len(whole) - TOGETHER + 1, TOGETHER):
        text, ends = "", set()
        for line in whole[start : start + TOGETHER]:
            text += line
            ends.add(len(text))
            text += " "
        yield text.rstrip(), ends - {len(text.rstrip())}


def boundaries(language: str) -> tuple[float, float, int]:
    """F1 of sentence ends: ours, the sentencizer's; and how many ends there are."""
    nlp = spacy.blank(language)
    nlp.add_pipe("sentencizer")

    def ours(text: str) -> set[int]:
        return {end for _, end in split_sentences(text, language)}

    def theirs(text: str) -> set[int]:
        return {sent.end_char - len(sent.text) + len(sent.text.rstrip()) for sent in nlp(text).sents}

    texts = list(paragraphs(language))
    return _f1(texts, ours), _f1(texts, theirs), sum(len(ends) for _, ends in texts)


def _f1(texts: list[tuple[str, set[int]]], split: Callable[[str], set[int]]) -> float:
    right = found = wanted = 0
    for text, ends in texts:
        got = split(text) - {len(text)}
        right, found, wanted = right + len(got & ends), found + len(got), wanted + len(ends)
    return 2 * right / max(1, found + wanted)


def sentences() -> None:
    print("### Sentence ends, F1 on ten sentences in a row\n")
    print("| language | ends | eventwire | spaCy's sentencizer |\n|---|---|---|---|")
    scores = []
    for language in LANGUAGES:
        ours, theirs, count = boundaries(language)
        scores.append((ours, theirs))
        print(f"| {language} | {count} | {ours:.3f} | {theirs:.3f} |")
    means = [sum(column) / len(scores) for column in zip(*scores, strict=True)]
    print(f"| mean | | {means[0]:.3f} | {means[1]:.3f} |\n")


def main(arguments: list[str]) -> None:
    """Print the chosen parts."""
    unknown = set(arguments) - set(PARTS)
    if unknown:
        sys.exit(f"There is no part {', '.join(sorted(unknown))}. Choose from: {', '.join(PARTS)}.")
    chosen = arguments or list(PARTS)
    if not places.data().is_dir() and set(chosen) != {"blind"}:
        sys.exit(f"{places.data()} is not there: set EVENTWIRE_DATA to the data folder.")
    if "entities" in chosen:
        model = Model.load(places.MODELS / "news-s6")
        print(f"{model.ref}\n")
        print("\n".join(_entities(entity_scores(model, float_model("news-s6")))))
    if "sentences" in chosen:
        sentences()
    if "blind" in chosen:
        blind.main(["amounts", "amounts-2", "dates", "dates-2", "sentences", "links", "links-cities"])


if __name__ == "__main__":
    main(sys.argv[1:])
