"""The language stage: a raw article becomes clean text with its language and the spans that are not news."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from importlib.resources import files

from pipeline.errors import InvalidInput, ModelError
from pipeline.language.boilerplate import find_boilerplate
from pipeline.language.boilerplate_model import BoilerplateModel
from pipeline.language.detect import Detector, read_calibration
from pipeline.language.langid import shared_language_model
from pipeline.language.reading import Reading, read_article
from pipeline.language.repeated import RepeatedBlocks, source_key
from pipeline.records import Boilerplate, Language, LanguageArticle, Models, RawArticle
from pipeline.settings import Settings

VERSION = "0.1.0"
DATA = (
    "boilerplate.npz",
    "concepts.json",
    "calibration.json",
    "close_words.json",
    "south_slavic.json",
    "romanised.json",
    "croatian_serbian.json",
)
_NONE = Language(code="und", script="Zyyy", confidence=0.0)
READERS = ("trafilatura", "lxml")  # decide what a page's text is


class DetectLanguage:
    """Stage `language`: `RawArticle` -> `LanguageArticle`.

    An article without `id` gets the SHA-256 (hex) of its url, or else of title, line break and text as they came
    (the HTML where no text did): the same article sent twice has one id. `action: delete` needs an id or a url and
    passes with empty text.
    """

    name = "language"

    def __init__(
        self,
        *,
        detector: Detector,
        boilerplate: BoilerplateModel,
        repeated: RepeatedBlocks | None,
        reference: str,
        max_text: int,
        max_html: int,
    ) -> None:
        self._detector = detector
        self._boilerplate = boilerplate
        self._repeated = repeated
        self._models = Models(language=reference)
        self._max_text = max_text
        self._max_html = max_html

    @classmethod
    def load(cls, settings: Settings) -> "DetectLanguage":
        """Raises `ModelError` for a data file that is missing or damaged, `SettingsError` for the table of blocks."""
        model = shared_language_model()
        table = settings.repeated_blocks
        repeated = RepeatedBlocks.load(table) if table else None
        return cls(
            detector=Detector(model, read_calibration()),
            boilerplate=BoilerplateModel.load(),
            repeated=repeated,
            reference=f"eventwire-language@{VERSION}+{_digest(model.reference, repeated)[:12]}",
            max_text=settings.max_text,
            max_html=settings.max_html,
        )

    def run(self, records: Sequence[RawArticle], /) -> list[LanguageArticle | InvalidInput]:
        """One outcome a record, in order. Codes: schema, bad_text, too_large, bad_html, empty_text."""
        outcomes: list[LanguageArticle | InvalidInput] = []
        for record in records:
            try:
                reading = read_article(record, max_text=self._max_text, max_html=self._max_html)
                outcomes.append(self._article(reading))
            except InvalidInput as error:
                outcomes.append(error)
        return outcomes

    def _article(self, reading: Reading) -> LanguageArticle:
        deleted = reading.action == "delete"
        return LanguageArticle(
            id=reading.id,
            action=reading.action,
            url=reading.url,
            source=reading.source,
            title=reading.title,
            published_at=reading.published_at,
            fetched_at=reading.fetched_at,
            metadata=reading.metadata,
            text=reading.text,
            models=self._models,
            language=_NONE if deleted else self._detector.detect(reading.text, hint=reading.hint),
            boilerplate=() if deleted else self._spans(reading),
        )

    def _spans(self, reading: Reading) -> tuple[Boilerplate, ...]:
        headline = len(reading.title or "")
        spans = find_boilerplate(reading.text, self._boilerplate, title=headline)
        if self._repeated is None:
            return spans
        source = source_key(reading.source, reading.url)
        return self._repeated.mark(reading.text, spans, source=source, title=headline)


def _digest(model: str, repeated: RepeatedBlocks | None) -> str:
    """SHA-256 over all that decides this stage's output: the language model, data, readers, our own modules, and the
    table of repeated blocks if there is one.

    Every module of the room counts: a rule that is changed and not counted would break "same reference, same bytes".
    """
    folder = files("pipeline.language")
    digest = hashlib.sha256(model.encode())
    for package in READERS:
        digest.update(f"{package} {version(package)}\n".encode())
    modules = sorted(item.name for item in folder.iterdir() if item.name.endswith(".py"))
    for name in (*DATA, *modules):
        try:
            digest.update(folder.joinpath(name).read_bytes())
        except OSError as error:
            raise ModelError(f"pipeline/language/{name} can't be read ({error}): reinstall eventwire.") from error
    if repeated is not None:
        digest.update(f"repeated blocks {repeated.digest}\n".encode())
    return digest.hexdigest()
