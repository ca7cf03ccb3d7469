"""`eventwire explain` on the terminal. Without colours (a file, a pipe) nothing is lost: marks are named as well."""

from itertools import groupby

from rich.console import Console
from rich.text import Text

from pipeline.cli.explain_marks import event_marks, reason, segments, visible
from pipeline.events.trace import Decision, Explanation, Verdict
from pipeline.records import ClassifiedArticle, NewsEvent

SHOWN = 60  # characters of a boilerplate span


def show(explanation: Explanation, console: Console | None = None) -> None:
    """Print everything. Nothing in the article is taken for markup, and no character of it reaches the terminal as a
    command.
    """
    console = console or Console(soft_wrap=True, highlight=False, emoji=False, markup=False)
    article = explanation.article
    _article(console, article)
    decisions = {number: list(group) for number, group in groupby(explanation.decisions, lambda item: item.sentence)}
    _heading(console, f"Sentences ({len(article.sentences)})")
    for number, (start, end) in enumerate(article.sentences):
        console.print(Text(f"{number + 1:>4}  {visible(article.text[start:end])}"))
        for decision in decisions.get(number, []):
            console.print(_decision(article.text, decision))
    _heading(console, f"Events ({len(article.events)})")
    for number, event in enumerate(article.events, 1):
        _event(console, article, number, event)


def _article(console: Console, article: ClassifiedArticle) -> None:
    language = article.language
    console.print(Text(f"Article   {visible(article.id)}  {visible(article.title or '')}", style="bold"))
    others = "".join(f", {other.code} {other.share:.0%}" for other in language.others)
    console.print(Text(f"Language  {language.code} ({language.script}), {language.confidence:.2f}{others}"))
    _heading(console, f"Boilerplate ({len(article.boilerplate)})")
    for part in article.boilerplate:
        words = visible(article.text[part.start : part.end])
        shown = words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
        console.print(Text(f"      {part.kind:<11} {part.start}-{part.end}  {shown}"))
    _heading(console, f"Entities ({len(article.entities)} mentions)")
    mentions = sorted(article.entities, key=lambda entity: entity.entity_id)
    for entity_id, group in groupby(mentions, lambda entity: entity.entity_id):
        found = list(group)
        console.print(Text(f"      {found[0].label:<8} {visible(found[0].name)}  {visible(entity_id)}  x{len(found)}"))
    _heading(console, f"Amounts ({len(article.amounts)})")
    for amount in article.amounts:
        value = amount.value or f"{amount.low or ''}..{amount.high or ''}"
        about = "about " if amount.approximate else ""
        console.print(
            Text(f"      {amount.kind:<8} {visible(amount.text)}  = {about}{value} {amount.unit or ''}".rstrip())
        )
    _heading(console, f"Dates ({len(article.dates)})")
    for date in article.dates:
        console.print(Text(f"      {visible(date.text)}  = {date.date}"))


def _decision(text: str, decision: Decision) -> Text:
    kept = decision.verdict in (Verdict.KEPT, Verdict.MERGED)
    sign = ">=" if decision.verdict is not Verdict.BELOW_THRESHOLD else "<"
    trigger = f', "{visible(text[slice(*decision.trigger)])}"' if decision.trigger else ""
    words = f"      {'+' if kept else '-'} {decision.type:<26} {decision.score:.2f} {sign} {decision.threshold:.2f}  "
    return Text(words + reason(decision) + trigger, style="green" if kept else "dim")


def _event(console: Console, article: ClassifiedArticle, number: int, event: NewsEvent) -> None:
    line = Text(f"{number:>4}  ")
    line.append(event.type, style="bold")
    line.append(f"  {event.status}, {event.time}, confidence {event.confidence:.2f}, relevance {event.relevance:.2f}")
    if event.event_date:
        line.append(f", {event.event_date.date}")
    console.print(line)
    for quote in event.evidence:
        evidence = Text("      | ")
        for words, mark in segments(article.text, quote.start, quote.end, event_marks(event)):
            style = {None: "", "trigger": "bold reverse"}.get(mark, "underline")
            evidence.append(visible(words), style=style)
        console.print(evidence)
    rows = [("trigger", visible(event.trigger.text))]
    for participant in event.participants:
        name = f" = {visible(participant.name or '')}" if participant.resolved else ""
        known = f"  {visible(participant.entity_id)}" if participant.entity_id else ""
        rows.append((participant.role, visible(participant.text) + name + known))
    rows += [
        ("amount", f"{visible(amount.text)} = {amount.value or ''} {amount.unit or ''}") for amount in event.amounts
    ]
    rows.append(("similarity", visible(event.similarity_key)))
    for what, words in rows:
        console.print(Text(f"        {what:<12} {words}"))


def _heading(console: Console, words: str) -> None:
    console.print()
    console.print(Text(words, style="bold"))
