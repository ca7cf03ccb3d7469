"""A full and a minimal record of each kind, made by hand: what a stage could write."""

from pipeline.records import (
    Amount,
    ArticleRef,
    Boilerplate,
    ClassifiedArticle,
    Date,
    EntitiesArticle,
    Entity,
    Ids,
    Language,
    LanguageArticle,
    LanguageShare,
    Models,
    NewsEvent,
    Participant,
    Quote,
    RawArticle,
    Revision,
    Source,
)

TEXT = "Siemens hebt Prognose an"
MODEL = "eventwire-test@0.1.0+0a1b2c3d4e5f"
CLOCK = "2025-09-24T08:30:01.250Z"

ids = Ids(isin="DE0007236101", ticker="SIE", mic="XETR", lei="W38RGI023J3WT1HWRP32", country="DE", geonames_id=2867714)
amount = Amount(
    start=0, end=7, text="Siemens", kind="MONEY", value="-1.50", low="0", high="12.25", unit="EUR", approximate=True
)
date = Date(start=0, end=7, text="Siemens", date="2025-01/2025-06")
quote = Quote(text="hebt", start=8, end=12)
participant = Participant(
    role="company",
    text="Siemens",
    start=0,
    end=7,
    label="ORG",
    entity_id="isin:DE0007236101",
    name="Siemens",
    ids=ids,
    resolved=True,
)
models = Models(language=MODEL, entities=MODEL, events=MODEL)

full_event = NewsEvent(
    event_id="5f0c6a1be2d94c37",
    action="add",
    event_class="financial",
    type="financial.guidance",
    status="announced",
    time="current",
    article=ArticleRef(
        id="a1",
        url="https://a.example/1",
        source="A",
        title=TEXT,
        published_at="2025-09-24T10:30:00+02:00",
        language="de",
    ),
    evidence=(Quote(text=TEXT, start=0, end=24),),
    trigger=quote,
    participants=(participant,),
    amounts=(amount,),
    event_date=date,
    confidence=0.9,
    relevance=1.0,
    similarity_key="financial.guidance|isin:DE0007236101|2025-09-24",
    models=models,
    ingested_at=CLOCK,
    produced_at=CLOCK,
    trace="news.articles.raw/0/0",
)
minimal_event = NewsEvent(
    event_id="5f0c6a1be2d94c37",
    action="delete",
    event_class="deal",
    type="deal.contract",
    status="denied",
    time="background",
    article=ArticleRef(id="a1", language="und"),
    evidence=(quote,),
    trigger=quote,
    confidence=0.0,
    relevance=0.0,
    similarity_key="deal.contract",
    models=Models(language=MODEL),
)

_full_language = {
    "id": "a1",
    "action": "update",
    "url": "https://a.example/1",
    "source": Source(name="A", domain="a.example", country="DE"),
    "title": TEXT,
    "published_at": "2025-09-24T10:30:00+02:00",
    "fetched_at": "2025-09-24T08:30:00Z",
    "metadata": {"normalised": ["nul"], "deep": {"a": [1, None, 2.5]}},
    "text": TEXT,
    "models": models,
    "ingested_at": CLOCK,
    "produced_at": CLOCK,
    "language": Language(code="de", script="Latn", confidence=1, others=(LanguageShare(code="en", share=0.25),)),
    "boilerplate": (Boilerplate(start=0, end=24, kind="teaser"),),
}
_full_entities = {
    **_full_language,
    "sentences": ((0, 24),),
    "entities": (
        Entity(
            start=0,
            end=7,
            text="Siemens",
            label="ORG",
            name="Siemens",
            entity_id="isin:DE0007236101",
            ids=ids,
            confidence=0.97,
        ),
        Entity(start=0, end=7, text="Siemens", label="MISC", name="Siemens", entity_id="x", ids=Ids(), confidence=0),
    ),
    "amounts": (amount, Amount(start=0, end=7, text="Siemens", kind="QUANTITY")),
    "dates": (date,),
}
_minimal = {
    "id": "a1",
    "action": "delete",
    "text": "",
    "models": Models(language=MODEL),
    "language": Language(code="und", script="Zyyy", confidence=0.0),
}

FULL = {
    "raw-article.v1.json": RawArticle(
        id="a1",
        action="update",
        url="https://a.example/1",
        source=Source(name="A", domain="a.example", country="DE"),
        title=TEXT,
        text=TEXT,
        html="<p>Siemens</p>",
        language="de-AT",
        published_at="2025-09-24T10:30:00+02:00",
        fetched_at="9999-12-31T23:59:59Z",
        metadata={"any": ["thing"]},
    ),
    "language-article.v1.json": LanguageArticle(**_full_language),
    "entities-article.v1.json": EntitiesArticle(**_full_entities),
    "classified-article.v1.json": ClassifiedArticle(
        **_full_entities,
        events=(full_event, minimal_event),
        revision=Revision(superseded=True, unchanged=("5f0c6a1be2d94c37",), retracted=(minimal_event,), told_at=CLOCK),
    ),
    "news-event.v1.json": full_event,
}
MINIMAL = {
    "raw-article.v1.json": RawArticle(),
    "language-article.v1.json": LanguageArticle(**_minimal),
    "entities-article.v1.json": EntitiesArticle(**_minimal),
    "classified-article.v1.json": ClassifiedArticle(**_minimal),
    "news-event.v1.json": minimal_event,
}
