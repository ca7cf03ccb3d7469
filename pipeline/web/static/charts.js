/** Charts: uPlot with the page's colours, a legend that reads out, and the same numbers as a table for everybody else. */

import uPlot from "./vendor/uplot/uPlot.esm.js";
import { h, say } from "./dom.js";
import { count } from "./words.js";

const charts = new Set();
const WHOLE = [1, 2, 5].flatMap((digit) => Array.from({ length: 9 }, (_, i) => digit * 10 ** i)).sort((a, b) => a - b);
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
const SECOND = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** Draws every chart again: after a change of colours. */
export function repaint() {
  for (const chart of charts) chart.rebuild();
}

export class Chart {
  #plot = null;
  #data = null;
  #shape = "";

  /**
   * `kind`: `stack` (bars on each other), `bars` or `lines`. `format(number)`: a value in words. `plain`: without
   * legend and table (the strip over the list). `whole`: the values are numbers of things.
   */
  constructor(figure, { title, kind, height = 180, format = count, whole = true, plain = false, label = () => title, lead = null }) {
    Object.assign(this, { figure, title, kind, height, format, whole, plain, label });
    this.canvas = h("div", { class: "canvas", role: "img" });
    this.legend = h("ul", { class: "keys" });
    this.moment = h("span", { class: "moment faint" });
    this.tip = h("p", { class: "tip", hidden: true });
    if (plain) {
      figure.append(this.canvas, this.tip);
    } else {
      this.table = h("div", { class: "numbers", tabindex: 0, role: "group", "aria-label": `${title}: the numbers`, hidden: true });
      const flip = h("button", { type: "button", class: "plain link", "aria-expanded": "false", onclick: () => {
        this.table.hidden = !this.table.hidden;
        flip.setAttribute("aria-expanded", !this.table.hidden);
        this.#fillTable();
      } }, "Numbers");
      figure.append(h("figcaption", {}, h("h2", {}, title), this.moment, h("span", { class: "grow" }), lead, flip), this.canvas, this.legend, this.table);
    }
    new ResizeObserver(() => this.#resize()).observe(this.canvas);
    charts.add(this);
  }

  /**
   * `times`: Unix seconds; `series`: `[{name, label, values}]`, null where unknown; `step`: seconds between times;
   * `empty`: what to say when there is nothing to draw.
   */
  set({ times, series, step, unit = "minute", empty = "Nothing yet" }) {
    this.#data = { times, series, step, unit };
    const nothing = !series.some(({ values }) => values.some((value) => value !== null && value !== undefined));
    this.figure.classList.toggle("nothing", nothing);
    this.canvas.dataset.empty = nothing ? empty : "";
    this.canvas.setAttribute("aria-label", nothing ? `${this.title}: ${empty}` : this.label(this.#data));
    const shape = series.map(({ name }) => name).join() + this.kind + step;
    if (nothing) this.#drop();
    else if (this.#plot && shape === this.#shape) this.#plot.setData(this.#columns());
    else this.rebuild();
    this.#shape = shape;
    this.#fillTable();
  }

  rebuild() {
    this.#drop();
    if (!this.#data || this.figure.classList.contains("nothing") || !this.canvas.clientWidth) return;
    const { series, step } = this.#data;
    const colour = (name) => resolve(this.figure, `var(--c-${name}, var(--c-other))`);
    const ink = resolve(this.figure, "var(--faint)");
    const line = resolve(this.figure, "var(--line)");
    const font = getComputedStyle(this.figure).fontFamily;
    const bars = uPlot.paths.bars({ size: [0.82, 28], gap: 1 });
    const edge = this.kind === "lines" ? 0 : 0.6;
    const axis = { stroke: ink, font: `11px ${font}`, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    this.#plot = new uPlot(
      {
        width: this.canvas.clientWidth,
        height: this.height,
        legend: { show: false },
        padding: this.plain ? [4, 18, 0, 18] : [8, 8, 0, 0],
        cursor: { y: false, points: { show: this.kind === "lines" }, drag: { x: false, y: false } },
        hooks: { setCursor: [(plot) => this.#read(plot.cursor.idx, plot.cursor.left)] },
        scales: {
          // Never fewer than a dozen steps: one bar alone would fill the chart.
          x: { range: () => this.#span(step, edge) },
          y: { range: (_, low, high) => [0, high > 0 ? high * 1.08 : this.whole ? 4 : 1] },
        },
        axes: [
          { ...axis, grid: { show: false }, size: this.plain ? 22 : 26, space: 60, values: (_, at) => at.map((time, i) => tick(time, at[i - 1], at)) },
          { ...axis, show: !this.plain, size: 48, space: 32, ...(this.whole && { incrs: WHOLE }), values: (_, at) => at.map((value) => this.format(value)) },
        ],
        series: [
          {},
          // Drawn from the tallest sum down, so that each stands before the one it is stacked on.
          ...series.map((_, i) => series[series.length - 1 - i]).map(({ name }) =>
            this.kind === "lines"
              ? { stroke: colour(name), width: 1.6, points: { show: false }, spanGaps: false }
              : { fill: colour(name), stroke: colour(name), width: 0, paths: bars, points: { show: false } }),
        ],
      },
      this.#columns(),
      this.canvas,
    );
    this.#keys(colour);
  }

  #span(step, edge) {
    const { times } = this.#data;
    return [Math.min(times[0] - step * edge, times.at(-1) - step * 12), times.at(-1) + step * edge];
  }

  #columns() {
    const { times, series } = this.#data;
    if (this.kind !== "stack") return [times, ...series.map(({ values }) => values).reverse()];
    const sums = [];
    let below = times.map(() => 0);
    for (const { values } of series) {
      below = below.map((sum, i) => sum + (values[i] ?? 0));
      sums.push(below);
    }
    return [times, ...sums.reverse()];
  }

  #drop() {
    this.#plot?.destroy();
    this.#plot = null;
    if (this.figure.classList.contains("nothing")) this.legend.replaceChildren();
  }

  #resize() {
    if (!this.#plot) this.rebuild();
    else if (this.canvas.clientWidth && this.canvas.clientWidth !== this.#plot.width) this.#plot.setSize({ width: this.canvas.clientWidth, height: this.height });
  }

  #keys(colour) {
    if (this.plain) return;
    this.legend.replaceChildren(
      ...this.#data.series.map(({ name, label }) => {
        const swatch = h("i", { "aria-hidden": "true" });
        swatch.style.background = colour(name);
        return h("li", {}, swatch, h("span", {}, label), " ", h("b"));
      }),
    );
    this.#read(null);
  }

  /** Shows the values under the pointer, without one the newest that there are. */
  #read(index, left) {
    const { times, series, unit } = this.#data;
    const pointed = index !== null && index !== undefined && left >= 0;
    if (this.plain) {
      this.tip.hidden = !pointed;
      if (!pointed) return;
      const parts = series.map(({ label, values }) => [label, values[index] ?? 0]).filter(([, value]) => value).sort((a, b) => b[1] - a[1]);
      const total = parts.reduce((sum, [, value]) => sum + value, 0);
      say(this.tip, `${moment(times[index], unit)}: ${count(total)} event${total === 1 ? "" : "s"}${parts.length ? ` (${parts.slice(0, 3).map(([label, value]) => `${label} ${count(value)}`).join(", ")}${parts.length > 3 ? " …" : ""})` : ""}`);
      return;
    }
    say(this.moment, pointed ? moment(times[index], unit) : "");
    series.forEach(({ values }, i) => {
      const value = pointed ? values[index] : this.kind === "lines" ? values.findLast((one) => one !== null && one !== undefined) : values.reduce((sum, one) => sum + (one ?? 0), 0);
      const place = this.legend.children[i]?.querySelector("b");
      if (place) say(place, value === null || value === undefined ? "–" : this.format(value));
    });
  }

  #fillTable() {
    if (!this.table || this.table.hidden || !this.#data) return;
    const { times, series, unit } = this.#data;
    const rows = times.map((time, i) => [time, series.map(({ values }) => values[i])]).filter(([, values]) => values.some((value) => value)).slice(-100).reverse();
    this.table.replaceChildren(
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Time"), series.map(({ label }) => h("th", { scope: "col" }, label)))),
        h("tbody", {}, rows.map(([time, values]) => h("tr", {}, h("th", { scope: "row" }, moment(time, unit)), values.map((value) => h("td", {}, value === null || value === undefined ? "–" : this.format(value))))))),
    );
  }
}

/** A CSS colour as the canvas takes it. */
function resolve(element, value) {
  const probe = h("i", { hidden: true });
  probe.style.color = value;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function moment(time, unit) {
  const date = new Date(time * 1000);
  return (unit === "month" ? MONTH : unit === "day" ? DAY : unit === "second" ? SECOND : CLOCK).format(date);
}

const YEAR_S = 366 * 86400;
const TICK_CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const TICK_SECOND = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const TICK_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const TICK_MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });

/** An axis' label: as much as its neighbours don't say already. */
function tick(time, before, all) {
  const date = new Date(time * 1000);
  const gap = all.length > 1 ? all[1] - all[0] : 60;
  if (gap >= YEAR_S - 2 * 86400) return String(date.getFullYear());
  if (gap >= 27 * 86400) return TICK_MONTH.format(date);
  if (gap >= 86000) return TICK_DAY.format(date);
  if (before === undefined && date.toDateString() !== new Date().toDateString()) return DAY.format(date);
  const newDay = before === undefined || new Date(before * 1000).toDateString() !== date.toDateString();
  if (gap < 60) return TICK_SECOND.format(date);
  return newDay && all.at(-1) - all[0] > 43200 ? TICK_DAY.format(date) : TICK_CLOCK.format(date);
}
