"""`eventwire explain --html`: one page that stands alone. Nothing is loaded, nothing runs, everything is escaped."""

from itertools import groupby

from pipeline.cli.explain_marks import event_marks, reason, segments
from pipeline.cli.html_page import document, safe
from pipeline.events.trace import Decision, Explanation, Verdict
from pipeline.records import ClassifiedArticle, NewsEvent

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #16803c; --faint: #777; --mark: #ffd84d; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid var(--line); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: start; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: end; font-variant-numeric: tabular-nums; } .dropped { color: var(--faint); }
.kept { color: var(--good); font-weight: 600; } .ad { opacity: .5; text-decoration: line-through; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; margin: 1rem 0; }
blockquote { margin: .5rem 0; padding-inline-start: .8rem; border-inline-start: 3px solid var(--line); }
mark { background: var(--mark); color: #000; } u { text-decoration-thickness: 2px; }
u::after { content: " " attr(data-role); font-size: .7em; color: var(--faint); vertical-align: super; }
"""


def page(explanation: Explanation) -> str:
    """The whole page, UTF-8."""
    article = explanation.article
    direction = "rtl" if article.language.script in ("Arab", "Hebr") else "ltr"
    title = safe(article.title or article.id)
    body = f"""<h1 dir="auto">{title}</h1>
{_facts(article)}
<h2>Events ({len(article.events)})</h2>
{"".join(_event(article, number, event, direction) for number, event in enumerate(article.events, 1))}
<h2>Sentences and candidates</h2>
{_sentences(explanation, direction)}
<h2>Entities, amounts, dates</h2>
{_values(article)}"""
    return document(title=f"{title} - why these events", style=_STYLE, body=body)


def _facts(article: ClassifiedArticle) -> str:
    language = article.language
    models = ", ".join(
        safe(ref) for ref in (article.models.language, article.models.entities, article.models.events) if ref
    )
    return (
        f"<p>{safe(article.id)} · {safe(article.published_at or 'no date of publication')} · language "
        f"{safe(language.code)} ({safe(language.script)}, {language.confidence:.2f})<br><small>{models}</small></p>"
    )


def _event(article: ClassifiedArticle, number: int, event: NewsEvent, direction: str) -> str:
    quotes = "".join(
        f'<blockquote dir="{direction}">{_marked(article.text, quote.start, quote.end, event)}</blockquote>'
        for quote in event.evidence
    )
    rows = "".join(
        f"<tr><td>{safe(who.role)}<td>{safe(who.text)}<td>{safe(who.name or '')}{' (resolved)' * bool(who.resolved)}"
        f"<td>{safe(who.entity_id or '')}</tr>"
        for who in event.participants
    )
    facts = [f"<b>{number}. {safe(event.type)}</b> {safe(event.status)}, {safe(event.time)}"]
    facts += [safe(event.event_date.date)] if event.event_date else []
    facts += [f"confidence {event.confidence:.2f}", f"relevance {event.relevance:.2f}"]
    return (
        f'<article id="event-{number}">{" · ".join(facts)}{quotes}<table>{rows}</table>'
        f"<small>{safe(event.similarity_key)}</small></article>"
    )


def _marked(text: str, start: int, end: int, event: NewsEvent) -> str:
    parts = []
    for words, mark in segments(text, start, end, event_marks(event)):
        if mark is None:
            parts.append(safe(words))
        elif mark == "trigger":
            parts.append(f"<mark>{safe(words)}</mark>")
        else:
            parts.append(f'<u data-role="{safe(mark)}">{safe(words)}</u>')
    return "".join(parts)


def _sentences(explanation: Explanation, direction: str) -> str:
    article = explanation.article
    decisions = {number: list(group) for number, group in groupby(explanation.decisions, lambda item: item.sentence)}
    rows = []
    for number, (start, end) in enumerate(article.sentences):
        closed = [(part.start, part.end, part.kind) for part in article.boilerplate if start <= part.start < end]
        closed += [
            (start, min(end, part.end), part.kind) for part in article.boilerplate if part.start < start < part.end
        ]
        words = "".join(
            safe(piece) if kind is None else f'<span class="ad" title="{safe(kind)}">{safe(piece)}</span>'
            for piece, kind in segments(
                article.text, start, end, sorted((a, min(b, end), kind) for a, b, kind in closed)
            )
        )
        rows.append(f'<tr><td class="number">{number + 1}<td dir="{direction}" colspan="4">{words}</tr>')
        rows += [_decision(article.text, decision) for decision in decisions.get(number, [])]
    return f"<table>{''.join(rows)}</table>"


def _decision(text: str, decision: Decision) -> str:
    kept = decision.verdict in (Verdict.KEPT, Verdict.MERGED)
    words = safe(reason(decision))
    if decision.event:
        words = f'<a href="#event-{decision.event}">{words}</a>'
    trigger = safe(text[slice(*decision.trigger)]) if decision.trigger else ""
    return (
        f'<tr class="{"kept" if kept else "dropped"}"><td><td>{safe(decision.type)}'
        f'<td class="number">{decision.score:.2f} / {decision.threshold:.2f}<td>{words}<td>{trigger}</tr>'
    )


def _values(article: ClassifiedArticle) -> str:
    rows: list[tuple[str, ...]] = [
        (entity.label, entity.text, entity.name, entity.entity_id) for entity in article.entities
    ]
    rows += [(amount.kind, amount.text, amount.value or "", amount.unit or "") for amount in article.amounts]
    rows += [("DATE", date.text, date.date, "") for date in article.dates]
    body = "".join("<tr>" + "".join(f"<td>{safe(cell)}" for cell in row) + "</tr>" for row in rows)
    return f"<table>{body}</table>"
