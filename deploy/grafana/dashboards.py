"""The Grafana dashboards, as code: `make dashboards` writes dashboards/*.json from this file.

Built with Grafana's own foundation SDK, so that what is written has Grafana's form. A panel is one line: kind, title,
what it shows, unit, and queries with their legends.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, DataSourceRef, GridPos

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = DataSourceRef(type_val="prometheus", uid="prometheus")
WIDTH, HEIGHT, SMALL = 12, 9, 4  # of Grafana's grid of 24 columns
# Series of workers that replay, and of those that don't; the label topic_prefix says which run.
REPLAYS = '* on (instance) group_left (topic_prefix) eventwire_worker_info{topic_prefix=~"replay[.].*"}'
LIVE = '* on (instance) group_left (topic_prefix) eventwire_worker_info{topic_prefix!~"replay[.].*"}'


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries`: (expression, legend). `stacked`: the parts of a whole."""

    title: str
    says: str
    unit: str
    queries: Sequence[tuple[str, str]]
    stacked: bool = False
    number: bool = False  # one figure instead of a course over time


def number(title: str, says: str, unit: str, expression: str) -> Panel:
    return Panel(title, says, unit, [(expression, title)], number=True)


def quantiles(metric: str, by: str = "", *, where: str = "") -> list[tuple[str, str]]:
    """Median and 99th percentile of a histogram over five minutes."""
    groups = f"le, {by}" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    rate = f"sum by ({groups}) (rate({metric}_bucket{where}[5m]))"
    return [(f"histogram_quantile({q}, {rate})", f"{legend}p{round(q * 100)}") for q in (0.5, 0.99)]


DASHBOARDS: dict[str, tuple[str, str, dict[str, list[Panel]]]] = {
    "eventwire": (
        "Eventwire: overview",
        "Articles in, events out: what comes out, how far behind, how long it takes.",
        {
            "Now": [
                number("Workers", "Workers that answer Prometheus.", "short", 'sum(up{job="eventwire"})'),
                number(
                    "Articles",
                    "Articles finished, a second.",
                    "reqps",
                    'sum(rate(eventwire_outcomes_total{stage="events"}[5m]))',
                ),
                number("Events", "Events written, a second.", "reqps", "sum(eventwire:events:rate5m)"),
                number("Waiting", "Messages not yet worked on.", "short", "sum(eventwire:lag_messages:sum)"),
                number(
                    "Raw to events, p99",
                    "One article in a hundred takes longer than this.",
                    "s",
                    "eventwire:end_to_end_seconds:p99_5m",
                ),
                number(
                    "Rejected",
                    "Share of messages that became dead letters, at the worst stage.",
                    "percentunit",
                    "max(eventwire:dead_letters:ratio5m)",
                ),
            ],
            "What comes out": [
                Panel(
                    "Events by class",
                    "Events written, a second.",
                    "reqps",
                    [("eventwire:events:rate5m", "{{event_class}}")],
                    stacked=True,
                ),
                Panel(
                    "Articles by language",
                    "Articles finished, a second.",
                    "reqps",
                    [("sum by (language) (rate(eventwire_articles_total[5m]))", "{{language}}")],
                    stacked=True,
                ),
            ],
            "How far behind, how long it takes": [
                Panel(
                    "Messages waiting by topic",
                    "Written to the topic and not yet committed by its agent.",
                    "short",
                    [("eventwire:lag_messages:sum", "{{topic}}")],
                ),
                Panel(
                    "Raw to events",
                    "From the arrival of a raw article to its outcome.",
                    "s",
                    [
                        ("eventwire:end_to_end_seconds:p50_5m", "p50"),
                        ("eventwire:end_to_end_seconds:p99_5m", "p99"),
                    ],
                ),
            ],
        },
    ),
    "stages": (
        "Eventwire: stages",
        "Each agent: what it takes in, what becomes of it, how long it works, how it fails.",
        {
            "Work": [
                Panel(
                    "Outcomes",
                    "Messages finished, a second, by the last stage and how it ended.",
                    "reqps",
                    [("eventwire:outcomes:rate5m", "{{stage}} {{outcome}}")],
                    stacked=True,
                ),
                Panel(
                    "A stage's work on one article",
                    "Mean seconds.",
                    "s",
                    [("eventwire:stage_seconds:mean5m", "{{stage}}")],
                ),
                Panel(
                    "Messages read",
                    "A second, by topic.",
                    "reqps",
                    [("sum by (topic) (rate(eventwire_consumed_messages_total[5m]))", "{{topic}}")],
                ),
                Panel(
                    "Messages written",
                    "A second, by topic, acknowledged by Kafka.",
                    "reqps",
                    [("sum by (topic) (rate(eventwire_produced_messages_total[5m]))", "{{topic}}")],
                ),
            ],
            "Standing": [
                Panel(
                    "Age of what is worked on",
                    "How old the newest message of the last batch was.",
                    "s",
                    [("max by (topic) (eventwire_lag_seconds)", "{{topic}}")],
                ),
                Panel(
                    "Time since the last commit",
                    "While messages wait, this must keep falling back to zero.",
                    "s",
                    [("time() - eventwire_last_commit_timestamp_seconds", "{{instance}}")],
                ),
                Panel(
                    "A batch",
                    "From taking a batch to its outputs acknowledged.",
                    "s",
                    quantiles("eventwire_batch_seconds"),
                ),
            ],
            "Failures": [
                Panel(
                    "Dead letters by reason",
                    "Messages rejected, a second.",
                    "reqps",
                    [("sum by (stage, code) (rate(eventwire_dead_letters_total[5m]))", "{{stage}} {{code}}")],
                ),
                Panel(
                    "Child processes replaced",
                    "In a quarter of an hour, by reason.",
                    "short",
                    [("sum by (reason) (increase(eventwire_child_restarts_total[15m]))", "{{reason}}")],
                ),
            ],
        },
    ),
    "events": (
        "Eventwire: events",
        "What the stream says: classes, retractions, languages and sources, and whether the mix is changing.",
        {
            "Events": [
                Panel(
                    "Events an hour by class",
                    "Events written in the last hour.",
                    "short",
                    [("sum by (event_class) (increase(eventwire_events_total[1h]))", "{{event_class}}")],
                    stacked=True,
                ),
                Panel(
                    "Retractions an hour",
                    "Events that a later version of their article no longer reports.",
                    "short",
                    [("sum(increase(eventwire_retractions_total[1h]))", "retracted")],
                ),
                Panel(
                    "Events an article",
                    "How many events an article gives on average. A sudden change is a change of the news, or of us.",
                    "short",
                    [
                        (
                            "sum(rate(eventwire_events_total[5m]))"
                            ' / (sum(rate(eventwire_outcomes_total{outcome="classified"}[5m])) > 0)',
                            "events",
                        )
                    ],
                ),
            ],
            "Mix": [
                Panel(
                    "Share of each language",
                    "Of the articles of the last hour.",
                    "percentunit",
                    [("eventwire:language_share:1h", "{{language}}")],
                    stacked=True,
                ),
                Panel(
                    "Longest silence of a source",
                    "Since its last article: the ten sources that have been silent longest.",
                    "s",
                    [("topk(10, time() - eventwire:source_last_article:max2d)", "{{source}}")],
                ),
            ],
        },
    ),
    "models": (
        "Eventwire: models",
        "Which models read, how sure they are, and what they cost.",
        {
            "Models": [
                Panel(
                    "Models in use",
                    "Workers with each model. Two of one stage at a time: an update is under way, or was forgotten.",
                    "short",
                    [("count by (stage, model) (eventwire_model_info)", "{{stage}} {{model}}")],
                ),
                Panel(
                    "Confidence of events",
                    "Median and 90th percentile. It moves when the news, or the model, does.",
                    "percentunit",
                    [
                        (
                            f"histogram_quantile({q}, sum by (le) (rate(eventwire_event_confidence_ratio_bucket[5m])))",
                            f"p{round(q * 100)}",
                        )
                        for q in (0.5, 0.9)
                    ],
                ),
                Panel(
                    "Confidence by class",
                    "Mean of the last five minutes.",
                    "percentunit",
                    [
                        (
                            "sum by (event_class) (rate(eventwire_event_confidence_ratio_sum[5m]))"
                            " / (sum by (event_class) (rate(eventwire_event_confidence_ratio_count[5m])) > 0)",
                            "{{event_class}}",
                        )
                    ],
                ),
                Panel(
                    "Time by stage",
                    "Median and 99th percentile of a stage's work on one article.",
                    "s",
                    quantiles("eventwire_stage_seconds", "stage"),
                ),
            ],
        },
    ),
    "replays": (
        "Eventwire: replays",
        "Replays beside the live stream. A replay serves its metrics too: give it a port and let Prometheus read it.",
        {
            "Replays": [
                Panel(
                    "Waiting by run",
                    "Messages of each run that its worker has still to read.",
                    "short",
                    [(f"sum by (topic_prefix) (eventwire_lag_messages {REPLAYS})", "{{topic_prefix}}")],
                ),
                Panel(
                    "Articles by run",
                    "Articles finished, a second.",
                    "reqps",
                    [
                        (
                            "sum by (topic_prefix)"
                            f' (rate(eventwire_outcomes_total{{outcome="classified"}}[5m]) {REPLAYS})',
                            "{{topic_prefix}}",
                        )
                    ],
                ),
                Panel(
                    "Replays and the live stream",
                    "Messages that wait: a replay must not starve what is live.",
                    "short",
                    [
                        (f"sum(eventwire_lag_messages {REPLAYS})", "replays"),
                        (f"sum(eventwire_lag_messages {LIVE})", "live"),
                    ],
                ),
                Panel(
                    "Rejected by run",
                    "Dead letters, a second.",
                    "reqps",
                    [(f"sum by (topic_prefix) (rate(eventwire_dead_letters_total[5m]) {REPLAYS})", "{{topic_prefix}}")],
                ),
            ],
        },
    ),
}


def build(name: str) -> str:
    """A dashboard as JSON, with its line feed."""
    title, says, rows = DASHBOARDS[name]
    made = (
        dashboard.Dashboard(title)
        .uid(name)
        .description(says)
        .tags(["eventwire"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("15s")
        .time("now-1h", "now")
        .timezone("browser")
        .link(
            dashboard.DashboardLink("Eventwire").type(DashboardLinkType.DASHBOARDS).tags(["eventwire"]).keep_time(True)
        )
    )
    at = 0
    numbers = iter(range(1, 1000))
    for row, panels in rows.items():
        heading = dashboard.Row(row).id(next(numbers)).grid_pos(GridPos(h=1, w=24, x=0, y=at))
        made = made.with_row(heading)
        at += 1
        for panel, place in _places(panels, at):
            made = made.with_panel(_panel(panel).id(next(numbers)).grid_pos(place))
            at = max(at, place.y + place.h)
    return JSONEncoder(sort_keys=True, indent=1).encode(made.build()) + "\n"


def _places(panels: Sequence[Panel], top: int) -> Iterator[tuple[Panel, GridPos]]:
    x = y = 0
    for panel in panels:
        width, height = (24 // 6, SMALL) if panel.number else (WIDTH, HEIGHT)
        if x + width > 24:
            x, y = 0, y + height
        yield panel, GridPos(h=height, w=width, x=x, y=top + y)
        x += width


def _panel(panel: Panel) -> Any:
    made: Any
    if panel.number:
        made = stat.Panel().color_mode(BigValueColorMode.VALUE).graph_mode(BigValueGraphMode.AREA)
        made = made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    else:
        made = timeseries.Panel().line_width(1).fill_opacity(20).show_points(VisibilityMode.NEVER)
        made = made.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        made = made.legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        if panel.stacked:
            made = made.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    made = made.title(panel.title).description(panel.says).datasource(SOURCE).unit(panel.unit).min(0)
    for letter, (expression, legend) in zip("ABCDEF", panel.queries, strict=False):
        query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(letter).datasource(SOURCE)
        made = made.with_target(query)
    return made


def main() -> None:
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(build(name), encoding="utf-8")
        sys.stdout.write(f"{FOLDER.name}/{name}.json\n")


if __name__ == "__main__":
    main()
