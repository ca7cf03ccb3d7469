"""Where in an article events may be read: outside boilerplate and outside questions."""

import numpy as np

from pipeline.encoder.reading import Reading
from pipeline.events.trace import Verdict
from pipeline.events.words import Span, inner_questions, is_question
from pipeline.records import EntitiesArticle


class Ground:
    """One article's open and closed ground."""

    def __init__(self, article: EntitiesArticle) -> None:
        self._article = article
        self._boilerplate = [(part.start, part.end) for part in article.boilerplate]
        questions = [
            question
            for span in article.sentences
            for question in inner_questions(article.text, span, article.language.code)
        ]
        self._closed = sorted(self._boilerplate + questions)

    def barred(self, sentence: Span) -> Verdict | None:
        """Why a whole sentence reports nothing: it is a question, or mostly boilerplate. None: it may report."""
        if is_question(self._article.text, sentence, self._article.language.code):
            return Verdict.QUESTION
        covered = sum(max(0, min(sentence[1], end) - max(sentence[0], start)) for start, end in self._boilerplate)
        return Verdict.BOILERPLATE if 2 * covered > sentence[1] - sentence[0] else None

    def pieces(self, reading: Reading) -> np.ndarray:
        """(n,) bool: the pieces on open ground."""
        allowed = np.ones(len(reading.pieces), bool)
        for start, end in self._closed:
            allowed &= (reading.pieces[:, 1] <= start) | (reading.pieces[:, 0] >= end)
        return allowed

    def around(self, span: Span, sentence: Span) -> Span:
        """The part of the sentence around `span` that has no closed ground in it; `span` itself is open."""
        low = max((end for _, end in self._closed if end <= span[0]), default=sentence[0])
        high = min((start for start, _ in self._closed if start >= span[1]), default=sentence[1])
        return max(low, sentence[0]), min(high, sentence[1])

    def is_open(self, start: int, end: int) -> bool:
        """Whether no character of the span is boilerplate or in a question within a sentence."""
        return not any(low < end and start < high for low, high in self._closed)
