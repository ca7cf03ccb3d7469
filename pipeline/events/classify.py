"""From a reading to candidates: which sentence reports which type of event, and in which words."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from pipeline.encoder.reading import FloatArray, Reading
from pipeline.events.ground import Ground, sentence_bounds
from pipeline.events.scheme import Scheme
from pipeline.events.trace import Candidate, Trigger, Verdict
from pipeline.events.words import Span, grow, is_word, trim
from pipeline.records import EntitiesArticle
from pipeline.records.events import Status, Time

SHOWN = 0.05  # candidates below this probability are not even worth an explanation
PEAK = 0.5  # a piece belongs to a trigger from this share of the sentence's best piece on
CLEARLY = 0.65  # of a likelier type's probability: closer ones both stay, since the model is no judge between them
LONGEST_TRIGGER = 8  # words; 99 % of annotated triggers have at most 6


def classify(article: EntitiesArticle, reading: Reading, scheme: Scheme, ground: Ground) -> list[Candidate]:
    """Every type of every sentence whose probability is worth showing, by sentence and then by falling score.

    `OPEN` candidates have passed their type's threshold and have a trigger. A sentence that is a question or mostly
    boilerplate reports nothing, and no trigger lies in a boilerplate span or in a question within a sentence. The same
    words name one event: a type that is read from them gives way to a clearly likelier one ("choose the most specific"
    say the guidelines, and the annotated articles have not one pair).
    """
    found: list[Candidate] = []
    allowed = ground.pieces(reading)
    bounds = sentence_bounds(reading)
    thresholds = np.array(scheme.thresholds, np.float32)
    floor = np.minimum(thresholds, np.float32(SHOWN))
    for sentence, scores in enumerate(reading.event_sentence):
        columns = np.flatnonzero(scores >= floor)
        if not len(columns):
            continue
        barred = ground.barred(article.sentences[sentence])
        first, last = bounds[sentence : sentence + 2]
        usable = np.arange(first, last)[allowed[first:last]]
        taken: list[tuple[Span, float]] = []  # words that a likelier type is read from, and how likely it is
        for column in sorted(columns.tolist(), key=lambda column: (-scores[column], column)):
            verdict = barred or Verdict.OPEN
            triggers: tuple[Trigger, ...] = ()
            if scores[column] < thresholds[column]:
                verdict = Verdict.BELOW_THRESHOLD
            elif verdict is Verdict.OPEN:
                triggers = _triggers(article, reading, scheme, ground, usable, column)
                best = max(triggers, key=lambda trigger: (trigger.score, -trigger.span[0]), default=None)
                if best is None or reading.event_piece[first:last, column].max(initial=0) * PEAK > best.score:
                    verdict = Verdict.NO_TRIGGER  # the words that carry the event are those that must not
                elif any(
                    best.span[0] < end and start < best.span[1] and scores[column] < CLEARLY * likelier
                    for (start, end), likelier in taken
                ):
                    verdict = Verdict.OVERRULED
                else:
                    taken.append((best.span, float(scores[column])))
            found.append(
                Candidate(
                    sentence=sentence,
                    type=scheme.types[column],
                    score=float(scores[column]),
                    threshold=float(scheme.thresholds[column]),
                    verdict=verdict,
                    triggers=triggers if verdict is Verdict.OPEN else (),
                )
            )
    return found


def _triggers(
    article: EntitiesArticle, reading: Reading, scheme: Scheme, ground: Ground, usable: np.ndarray, column: int
) -> tuple[Trigger, ...]:
    """The words whose pieces come near the sentence's best piece of this type, in text order."""
    if not len(usable):
        return ()
    scores: FloatArray = reading.event_piece[usable, column]
    best = float(scores.max())
    triggers: list[Trigger] = []
    seen: set[Span] = set()
    for run in _runs(scores >= PEAK * best, usable):
        sentence = article.sentences[int(reading.sentence[usable[0]])]
        run = _narrow(article.text, reading, usable, run, scores)
        pieces = usable[run]
        span = int(reading.pieces[pieces[0], 0]), int(reading.pieces[pieces[-1], 1])
        span = trim(article.text, grow(article.text, span, ground.around(span, sentence)))
        if span in seen or span[0] >= span[1] or not any(is_word(article.text, at) for at in range(*span)):
            continue
        seen.add(span)
        # The model's status and time are meant to be read at the trigger: its pieces vote by their own score.
        weights = scores[run] + np.float32(1e-6)
        triggers.append(
            Trigger(
                span=span,
                score=float(scores[run].max()),
                status=cast(Status, scheme.statuses[int((weights @ reading.status[pieces]).argmax())]),
                time=cast(Time, scheme.times[int((weights @ reading.time[pieces]).argmax())]),
            )
        )
    return tuple(triggers)


def _runs(chosen: np.ndarray, usable: np.ndarray) -> list[list[int]]:
    """Positions in `usable` where `chosen`, grouped by neighbourhood in the text."""
    runs: list[list[int]] = []
    for at in np.flatnonzero(chosen).tolist():
        if runs and runs[-1][-1] == at - 1 and usable[at - 1] == usable[at] - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _narrow(text: str, reading: Reading, usable: np.ndarray, run: Sequence[int], scores: FloatArray) -> list[int]:
    """A run of too many words is no trigger: keep its best piece and the neighbours that come close to it."""
    pieces = usable[list(run)]
    words = text[int(reading.pieces[pieces[0], 0]) : int(reading.pieces[pieces[-1], 1])].split()
    if len(words) <= LONGEST_TRIGGER:
        return list(run)
    best = max(run, key=lambda at: (scores[at], -at))
    return [best]
