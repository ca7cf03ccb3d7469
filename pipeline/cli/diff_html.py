"""`eventwire diff --html`: one page that stands alone. Nothing is loaded, nothing runs, everything is escaped."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pipeline.cli.diff_plots import bars, histogram
from pipeline.cli.diff_text import KINDS, heading, participants, ranked, value
from pipeline.cli.html_page import document, safe
from pipeline.history.diff import Difference, Summary

_STYLE = """
:root { color-scheme: light dark; --line: #8885; --faint: #666; --mark: #ffe58a; --mark-text: #000;
  --lost: #c2410c; --added: #0f766e; --changed: #2f62c9; --rescored: #8a8a8a; --card: #8881; }
@media (prefers-color-scheme: dark) { :root { --faint: #a5a5a5; --mark: #5c4a00; --mark-text: #fff;
  --lost: #fb8a4c; --added: #3cc0ae; --changed: #86aaff; --rescored: #9a9a9a; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .3rem; } h1 span { overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid var(--line); }
.faint { color: var(--faint); font-size: .9rem; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem; margin: 1.2rem 0; }
.tiles div { background: var(--card); border-radius: .5rem; padding: .6rem 1rem; min-width: 7rem; }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.lost { color: var(--lost); } .added { color: var(--added); }
.changed { color: var(--changed); } .rescored { color: var(--rescored); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 31rem), 1fr)); gap: 1rem 2rem; }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; font-size: .95rem; margin-bottom: .3rem; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
svg .faint { fill: var(--faint); } svg .axis { stroke: var(--line); }
.f-lost { fill: var(--lost); } .f-added { fill: var(--added); } .f-changed { fill: var(--changed); }
.s-a { fill: var(--rescored); } .s-b { fill: none; stroke: var(--changed); stroke-width: 2; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: start; vertical-align: top; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); }
.number { text-align: end; font-variant-numeric: tabular-nums; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem 1rem; margin: .8rem 0; }
article header { display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 1.5rem; }
.sides > div { min-width: 0; overflow-wrap: anywhere; } .sides > .nothing { color: var(--faint); }
blockquote { margin: .4rem 0; padding-inline-start: .8rem; border-inline-start: 3px solid var(--line); }
mark { background: var(--mark); color: var(--mark-text); border-radius: .15rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 .8rem; margin: .4rem 0 0; font-size: .9rem; }
dt { color: var(--faint); } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
"""
_EXPLAINED = {
    "lost": "only in A",
    "added": "only in B",
    "changed": "in both, said differently",
    "rescored": "in both, only confidence or relevance differ",
}
_ALWAYS = ("status", "participants", "amounts", "event_date", "confidence")
_LONGEST = 1500  # characters of one text


def page(summary: Summary, some: Mapping[str, Sequence[Difference]]) -> str:
    """The whole page, UTF-8. `some`: differences to show, by kind."""
    a, b = safe(summary.a.name), safe(summary.b.name)
    parts = "".join(_section(kind, some.get(kind, ()), summary) for kind in KINDS)
    facts = "<br>".join(safe(line) for line in heading(summary))
    body = f"""<h1>From <span>{a}</span> (A) to <span>{b}</span> (B)</h1>
<p class="faint">{facts}</p>
{_tiles(summary)}
{_plots(summary)}
{_tables(summary)}
{parts}"""
    return document(title=f"{a} and {b} - differences", style=_STYLE, body=body)


def _tiles(summary: Summary) -> str:
    tiles = [("", summary.same, "the same")]
    tiles += [(kind, summary.kinds[kind], kind) for kind in KINDS]
    return (
        '<div class="tiles">'
        + "".join(f'<div><b class="{kind}">{number:,}</b>{label}</div>' for kind, number, label in tiles)
        + "</div>"
    )


def _plots(summary: Summary) -> str:
    if not (summary.a.events or summary.b.events):
        return "<p>No events on either side.</p>"
    figures = []
    for name in ("type", "class", "language", "source"):
        drawn = bars(ranked(summary.by.get(name, {}).items()), label=f"lost, added and changed events by {name}")
        if drawn:
            figures.append(f"<figure><figcaption>By {name}: lost | added, changed</figcaption>{drawn}</figure>")
    drawn = histogram(summary.a.confidences, summary.b.confidences)
    figures.append(f"<figure><figcaption>Confidence of all events: A filled, B outlined</figcaption>{drawn}</figure>")
    return f'<h2>At a glance</h2><div class="plots">{"".join(figures)}</div>'


def _tables(summary: Summary) -> str:
    parts = []
    for name in ("class", "type", "language", "source"):
        rows = "".join(
            f"<tr><td>{safe(text)}"
            + "".join(f'<td class="number">{counts[column]:,}' for column in ("a", "b", *KINDS))
            + "</tr>"
            for text, counts in ranked(summary.by.get(name, {}).items())[:60]
        )
        heads = "".join(f'<th class="number">{title}' for title in ("A", "B", *KINDS))
        if rows:
            parts.append(
                f"<details><summary>Numbers by {name}</summary><table><tr><th>{name}{heads}{rows}</table></details>"
            )
    return "".join(parts)


def _section(kind: str, differences: Sequence[Difference], summary: Summary) -> str:
    total = summary.kinds[kind]
    if not total:
        return ""
    more = f" The first {len(differences):,} are shown." if len(differences) < total else ""
    shown = "".join(_difference(difference) for difference in differences)
    return (
        f'<h2><span class="{kind}">{kind.capitalize()}</span> ({total:,})</h2>'
        f'<p class="faint">Events {_EXPLAINED[kind]}.{more}</p>{shown}'
    )


def _difference(difference: Difference) -> str:
    event = difference.event
    article = event["article"]
    about = [str(article.get(name)) for name in ("source", "language", "published_at") if article.get(name)]
    differ = f" · differs in {', '.join(difference.fields)}" if difference.fields else ""
    title = str(article.get("title") or article.get("url") or article["id"])
    sides = _side("A", difference.a, difference) + _side("B", difference.b, difference)
    return (
        f'<article><header><b class="{difference.kind}">{safe(str(event["type"]))}</b>'
        f'<span dir="auto">{safe(title[:_LONGEST])}</span>'
        f'<span class="faint">{safe(" · ".join(about) + differ)}</span></header>'
        f'<div class="sides">{sides}</div></article>'
    )


def _side(letter: str, event: Mapping[str, Any] | None, difference: Difference) -> str:
    if event is None:
        return f'<div class="nothing">{letter}: no such event</div>'
    quotes = "".join(f'<blockquote dir="auto">{_marked(quote, event)}</blockquote>' for quote in event["evidence"])
    names = dict.fromkeys([*_ALWAYS, *(name for name in difference.fields if name not in ("evidence", "event_id"))])
    rows = "".join(_fact(name, event, strong=name in difference.fields) for name in names)
    return f"<div>{letter}{quotes}<dl>{rows}</dl></div>"


def _fact(name: str, event: Mapping[str, Any], *, strong: bool) -> str:
    if name == "participants":
        text = "<br>".join(f"{escape(role)} <b>{escape(who)}</b>" for role, who in participants(event)) or "none"
    elif name == "trigger":
        text = safe(str(event["trigger"].get("text")))
    else:
        text = safe(value(event, name)[:_LONGEST])
    if not strong and text == "none":
        return ""
    return f'<dt{" class=changed" if strong else ""}>{safe(name)}<dd dir="auto">{text}'


def _marked(quote: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """The quote with the event's trigger marked, where it stands in it."""
    text, trigger = str(quote["text"]), event["trigger"]
    start, end = int(trigger["start"]) - int(quote["start"]), int(trigger["end"]) - int(quote["start"])
    if not 0 <= start < end <= len(text):
        return safe(text[:_LONGEST])
    return f"{safe(text[:start])}<mark>{safe(text[start:end])}</mark>{safe(text[end:][:_LONGEST])}"
