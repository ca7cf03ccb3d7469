"""Where in an article events may be read: outside boilerplate and outside questions."""

import numpy as np

from pipeline.encoder.reading import Reading
from pipeline.events.lookup import Spans
from pipeline.events.trace import Verdict
from pipeline.events.words import Span, inner_questions, is_question, is_wish
from pipeline.records import EntitiesArticle


class Ground:
    """One article's open and closed ground."""

    def __init__(self, article: EntitiesArticle) -> None:
        self._article = article
        self._boilerplate = Spans((part.start, part.end) for part in article.boilerplate)
        questions = [
            question
            for span in article.sentences
            for question in inner_questions(article.text, span, article.language.code)
        ]
        self._closed = Spans(self._boilerplate.spans + questions)

    def barred(self, sentence: Span) -> Verdict | None:
        """Why a whole sentence reports nothing: it is a question, somebody's wish, or mostly boilerplate. None: it may
        report.
        """
        if is_question(self._article.text, sentence, self._article.language.code):
            return Verdict.QUESTION
        if is_wish(self._article.text, sentence, self._article.language.code):
            return Verdict.WISH
        parts = self._boilerplate.touching(sentence)
        covered = sum(min(sentence[1], end) - max(sentence[0], start) for start, end in parts)
        return Verdict.BOILERPLATE if 2 * covered > sentence[1] - sentence[0] else None

    def pieces(self, reading: Reading) -> np.ndarray:
        """(n,) bool: the pieces on open ground."""
        allowed = np.ones(len(reading.pieces), bool)
        closed = np.array(self._closed.spans, np.int32).reshape(-1, 2)
        first = np.searchsorted(np.ascontiguousarray(reading.pieces[:, 1]), closed[:, 0], side="right")
        last = np.searchsorted(np.ascontiguousarray(reading.pieces[:, 0]), closed[:, 1])
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            allowed[start:end] = False
        return allowed

    def around(self, span: Span, sentence: Span) -> Span:
        """The part of the sentence around `span` that has no closed ground in it; `span` itself is open."""
        return self._closed.around(span, sentence)

    def is_open(self, start: int, end: int) -> bool:
        """Whether no character of the span is boilerplate or in a question within a sentence."""
        return not self._closed.touching((start, end))


def sentence_bounds(reading: Reading) -> list[int]:
    """Where the pieces of each sentence begin; one more at the end."""
    numbers = np.arange(len(reading.event_sentence) + 1, dtype=np.int32)
    bounds: list[int] = np.searchsorted(reading.sentence, numbers).tolist()
    return bounds
