"""The road from an article to its events, in data order. Read this first.

    news.articles.raw
        │  LANGUAGE   HTML to text, clean text, boilerplate spans, which language     pipeline/language/
    news.articles.language
        │  ENTITIES   sentences, entities with ids, amounts, dates                    pipeline/entities/
    news.articles.entities
        │  EVENTS     typed events with trigger, evidence, participants, status       pipeline/events/
    news.articles.classified  +  news.events.<class>

What can't be read at a stage goes to news.deadletters.<stage>, with the original bytes and the reason.
An agent runs a contiguous piece of the road (`segment`); what stands on the topics is the same.
"""

from collections.abc import Sequence

from pipeline.errors import SettingsError
from pipeline.records import ClassifiedArticle, EntitiesArticle, LanguageArticle, RawArticle
from pipeline.settings import Settings
from pipeline.stage import Stage
from pipeline.streams.processor import Step


def _language(settings: Settings) -> Stage[RawArticle, LanguageArticle]:
    from pipeline.language.stage import DetectLanguage

    return DetectLanguage.load(settings)


def _entities(settings: Settings) -> Stage[LanguageArticle, EntitiesArticle]:
    from pipeline.entities.stage import TagEntities

    return TagEntities.load(settings)


def _events(settings: Settings) -> Stage[EntitiesArticle, ClassifiedArticle]:
    from pipeline.events.stage import ClassifyEvents

    return ClassifyEvents.load(settings)


# Loaders import late: `eventwire --help` must not wait for the models.
LANGUAGE = Step(
    name="language", reads="news.articles.raw", writes="news.articles.language", record=RawArticle, load=_language
)
ENTITIES = Step(
    name="entities",
    reads="news.articles.language",
    writes="news.articles.entities",
    record=LanguageArticle,
    load=_entities,
)
EVENTS = Step(
    name="events",
    reads="news.articles.entities",
    writes="news.articles.classified",
    record=EntitiesArticle,
    load=_events,
)

FLOW: tuple[Step, ...] = (LANGUAGE, ENTITIES, EVENTS)


def segment(names: Sequence[str] | None = None) -> tuple[Step, ...]:
    """The steps called `names` (default: all), which must be neighbours on the road, in its order.

    Raises `SettingsError` otherwise.
    """
    if not names:
        return FLOW
    road = [step.name for step in FLOW]
    for name in names:
        if name not in road:
            raise SettingsError(f"There is no stage {name!r}. The stages are: {', '.join(road)}.")
    first = road.index(names[0])
    steps = FLOW[first : first + len(names)]
    if [step.name for step in steps] != list(names):
        raise SettingsError(f"{', '.join(names)}: an agent runs neighbouring stages in the order {' -> '.join(road)}.")
    return steps
