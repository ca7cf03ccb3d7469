"""A reliability plot as SVG, written by hand: two axes, the diagonal, one dot for each bin of confidence."""

from __future__ import annotations

from collections.abc import Sequence

SIDE, MARGIN = 320, 48
LARGEST = 12  # radius of the fullest bin's dot


def plot(rows: Sequence[tuple[float, float, int]]) -> str:
    """`rows`: mean confidence, share right, number of events of each bin."""

    def x(value: float) -> float:
        return round(MARGIN + value * SIDE, 1)

    def y(value: float) -> float:
        return round(MARGIN + (1 - value) * SIDE, 1)

    whole = SIDE + 2 * MARGIN
    most = max((number for *_, number in rows), default=1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" role="img" '
        'font-family="sans-serif" font-size="12">',
        "<title>Reliability of the confidence of events</title>",
        f'<rect width="{whole}" height="{whole}" fill="#fff"/>',
        f'<rect x="{MARGIN}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#888"/>',
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#888" stroke-dasharray="4 4"/>',
    ]
    for step in range(0, 11, 2):
        value = step / 10
        parts.append(f'<text x="{x(value)}" y="{y(0) + 18}" text-anchor="middle">{value:.1f}</text>')
        parts.append(f'<text x="{x(0) - 8}" y="{y(value) + 4}" text-anchor="end">{value:.1f}</text>')
    for mean, share, number in rows:
        radius = round(max(2.0, LARGEST * (number / most) ** 0.5), 1)
        parts.append(
            f'<circle cx="{x(mean)}" cy="{y(share)}" r="{radius}" fill="#1565c0" fill-opacity=".6">'
            f"<title>{number} events: confidence {mean:.2f}, right {share:.2f}</title></circle>"
        )
    parts.append(f'<text x="{whole / 2}" y="{whole - 8}" text-anchor="middle">confidence</text>')
    parts.append(
        f'<text transform="translate(14 {whole / 2}) rotate(-90)" text-anchor="middle">share of events right</text>'
    )
    return "\n".join([*parts, "</svg>"]) + "\n"
