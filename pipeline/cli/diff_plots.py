"""The plots of `eventwire diff --html`: inline SVG, coloured by the page's style sheet."""

from collections.abc import Mapping, Sequence
from html import escape

from pipeline.cli.explain_marks import visible

_ROWS = 20
_WIDTH, _ROW, _NAMES = 620, 22, 190  # of a chart, of one row of bars, of the names left of them


def bars(values: Sequence[tuple[str, Mapping[str, int]]], *, label: str) -> str:
    """A row a value: lost events to the left of an axis, added and changed ones to its right, with their numbers.

    The first twenty that have any; "" if none has.
    """
    rows = [(name, c["lost"], c["added"], c["changed"]) for name, c in values if c["lost"] + c["added"] + c["changed"]]
    rows = rows[:_ROWS]
    if not rows:
        return ""
    left, right = max(lost for _, lost, _, _ in rows), max(added + changed for *_, added, changed in rows)
    room = 34  # for a number at the end of a bar
    scale = (_WIDTH - _NAMES - 2 * room) / max(1, left + right)
    axis = _NAMES + room + left * scale
    parts = []
    for number, (name, lost, added, changed) in enumerate(rows):
        top = number * _ROW + 4
        middle = top + _ROW / 2 + 1
        parts.append(f'<text x="{_NAMES - 8}" y="{middle}" text-anchor="end">{_short(name)}</text>')
        parts.append(_bar(axis - lost * scale, top, lost * scale, "lost"))
        parts.append(_bar(axis, top, added * scale, "added"))
        parts.append(_bar(axis + added * scale, top, changed * scale, "changed"))
        if lost:
            parts.append(f'<text x="{axis - lost * scale - 4:.1f}" y="{middle}" text-anchor="end">{lost:,}</text>')
        if added or changed:
            said = " + ".join(f"{count:,}" for count in (added, changed) if count)
            parts.append(f'<text x="{axis + (added + changed) * scale + 4:.1f}" y="{middle}">{said}</text>')
    height = len(rows) * _ROW + 8
    parts.append(f'<line class="axis" x1="{axis:.1f}" x2="{axis:.1f}" y1="0" y2="{height}"/>')
    return _svg(height, parts, label)


def histogram(a: Sequence[int], b: Sequence[int]) -> str:
    """Two distributions from 0 to 1, one upon the other: `a` filled, `b` as an outline."""
    height, bottom, left = 190, 165, 46
    most = max(*a, *b, 1)
    step = (_WIDTH - left - 14) / len(a)

    def y(count: int) -> float:
        return bottom - count / most * (bottom - 14)

    parts = [f'<line class="axis" x1="{left}" x2="{_WIDTH - 14}" y1="{bottom}" y2="{bottom}"/>']
    parts += [f'<text class="faint" x="{left - 6}" y="{y(most) + 4:.1f}" text-anchor="end">{most:,}</text>']
    for number, count in enumerate(a):
        if count:
            box = f'x="{left + number * step + 1:.1f}" y="{y(count):.1f}" width="{step - 2:.1f}"'
            parts.append(f'<rect class="s-a" {box} height="{bottom - y(count):.1f}"/>')
    outline = [f"M{left} {bottom}"]
    for number, count in enumerate(b):
        outline.append(f"V{y(count):.1f}H{left + (number + 1) * step:.1f}")
    parts.append(f'<path class="s-b" d="{"".join(outline)}V{bottom}"/>')
    for tenth in range(0, 11, 2):
        at = left + tenth / 10 * step * len(a)
        parts.append(f'<text class="faint" x="{at:.1f}" y="{bottom + 17}" text-anchor="middle">{tenth / 10:.1f}</text>')
    return _svg(height, parts, "how many events have which confidence, in A and in B")


def _bar(x: float, y: float, width: float, kind: str) -> str:
    if width <= 0:
        return ""
    return f'<rect class="f-{kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{_ROW - 6}" rx="2"/>'


def _short(name: str) -> str:
    name = visible(name)
    return escape(name if len(name) <= 26 else name[:25] + "…")


def _svg(height: float, parts: Sequence[str], label: str) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
