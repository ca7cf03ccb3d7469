/** The health of the system: numbers now, charts, workers, what waits, what was rejected. */

import { Chart } from "./charts.js";
import { byId, h, say } from "./dom.js";
import { classLabel, count, fullTime, languageLabel, rate, span, whenWords } from "./words.js";

const LANGUAGES = 7; // the rest is "other"
const STEPS = { minute: 60, hour: 3600, day: 86400, month: 30 * 86400 };
const seconds = (times) => times.map((time) => Date.parse(time) / 1000);

/** `over_time` as charts take it, its classes in the taxonomy's order. */
export function classSeries(over, order) {
  const series = order.filter((name) => over.classes[name]).map((name) => ({ name, label: classLabel(name), values: over.classes[name] }));
  return { times: seconds(over.times), series, step: STEPS[over.interval], unit: over.interval };
}

function languageSeries(over) {
  const sums = Object.entries(over.languages).map(([name, values]) => ({ name, values, sum: values.reduce((a, b) => a + b, 0) })).sort((a, b) => b.sum - a.sum);
  const shown = sums.slice(0, LANGUAGES).map(({ name, values }, i) => ({ name: `language-${i + 1}`, label: languageLabel(name), values }));
  const rest = sums.slice(LANGUAGES);
  if (rest.length) shown.push({ name: "other", label: `${rest.length} more`, values: over.times.map((_, i) => rest.reduce((sum, { values }) => sum + values[i], 0)) });
  return { times: seconds(over.times), series: shown, step: STEPS[over.interval], unit: over.interval };
}

/** What is wrong, worst first, of workers the one last seen: `[{bad, text}]`. */
export function troubles(stats) {
  const seen = ({ last_seen }) => Date.parse(last_seen ?? 0);
  const found = stats.workers.filter(({ state }) => state !== "alive").sort((a, b) => seen(b) - seen(a)).map((worker) => ({
    bad: worker.state === "dead",
    text: `Worker ${worker.name} is ${worker.state}${worker.last_seen ? `, last seen ${whenWords(seen(worker)).join(" ")}` : ""}.${worker.detail ? ` ${worker.detail.charAt(0).toUpperCase()}${worker.detail.slice(1)}.` : ""}`,
  }));
  if (stats.source.trouble) found.push({ bad: true, text: stats.source.trouble });
  return found.sort((a, b) => b.bad - a.bad);
}

export class Health {
  #charts = null;

  /** `order`: the classes. `onClock(clock)`: the user wants the charts by this clock. */
  constructor(order, { onClock }) {
    this.box = byId("view-health");
    this.order = order;
    this.onClock = onClock;
  }

  #build() {
    this.tiles = h("dl", { class: "tiles" });
    this.workers = h("div", { class: "card" });
    this.waiting = h("div", { class: "card" });
    this.letters = h("div", { class: "card" });
    const figure = (wide = false) => h("figure", { class: `card chart${wide ? " wide" : ""}` });
    const figures = { classes: figure(), languages: figure(), throughput: figure(), latency: figure(), lag: figure(), dead: figure() };
    const clock = h("select", { "aria-label": "Events by the time when", onchange: (event) => this.onClock(event.target.value) },
      h("option", { value: "written" }, "when written"), h("option", { value: "published" }, "when published"));
    this.clock = clock;
    this.box.replaceChildren(this.tiles, this.workers,
      h("div", { class: "charts" }, ...Object.values(figures)),
      h("div", { class: "charts" }, this.waiting, this.letters));
    const total = ({ series }) => `${series.map(({ label, values }) => `${label} ${count(values.reduce((a, b) => a + b, 0))}`).join(", ")}`;
    const last = (words) => ({ series }) => `${words}: ${series.map(({ label, values }) => `${label} ${values.findLast((one) => one !== null && one !== undefined) ?? "unknown"}`).join(", ")}`;
    this.#charts = {
      classes: new Chart(figures.classes, { title: "Events by class", kind: "stack", label: (data) => `Events by class: ${total(data)}`, lead: clock }),
      languages: new Chart(figures.languages, { title: "Events by language", kind: "stack", label: (data) => `Events by language: ${total(data)}` }),
      throughput: new Chart(figures.throughput, { title: "Throughput a minute", kind: "lines", label: last("Throughput a minute, newest") }),
      latency: new Chart(figures.latency, { title: "From arrival to events", kind: "lines", format: span, whole: false, label: last("Seconds from arrival to events, newest") }),
      lag: new Chart(figures.lag, { title: "Messages that wait", kind: "lines", label: last("Messages that wait, newest") }),
      dead: new Chart(figures.dead, { title: "Dead letters a minute", kind: "bars", label: (data) => `Dead letters in the last hour: ${total(data)}` }),
    };
  }

  /** Takes the answers of `GET /stats` and `GET /stats/history` (null: not asked for); draws only if seen. */
  take(stats, history) {
    this.stats = stats;
    this.history = history ?? this.history;
    this.draw();
  }

  draw() {
    if (this.box.hidden || !this.stats) return;
    if (!this.#charts) this.#build();
    const { stats, history } = this;
    this.#tiles(stats);
    this.#workers(stats);
    this.#waiting(stats);
    this.#letters(stats);
    this.clock.value = stats.over_time.clock;
    const { classes, languages, throughput, latency, lag, dead } = this.#charts;
    classes.set(classSeries(stats.over_time, this.order));
    languages.set(languageSeries(stats.over_time));
    const { minutes } = stats.throughput;
    const byMinute = { times: seconds(minutes.times), step: 60, unit: "minute" };
    const one = (name, label, values) => ({ name, label, values });
    throughput.set({ ...byMinute, series: [one("line-1", "Articles", minutes.articles), one("line-2", "Events", minutes.events)] });
    dead.set({ ...byMinute, series: [one("bad", "Rejected in the last hour", minutes.dead_letters)] });
    if (!history) return; // on its way
    const sampled = { times: seconds(history.times), step: history.seconds, unit: "second" };
    latency.set({ ...sampled, series: [one("line-1", "Half are faster (p50)", history.p50), one("line-2", "99 of 100 are faster (p99)", history.p99)], empty: "No article in the last two hours" });
    lag.set({ ...sampled, series: [one("line-1", "Waiting", history.lag)], empty: stats.source.kind === "directory" ? "A folder has no messages that wait" : "Nothing known yet" });
  }

  #tiles({ source, throughput, lag, end_to_end_seconds: time, dead_letters, window }) {
    const tiles = [
      ["Articles a second", rate(throughput.articles_per_second), "in the last minute"],
      ["Events a second", rate(throughput.events_per_second), `${count(window.events)} of ${count(window.capacity)} places taken`],
      ["Messages that wait", lag ? count(lag.messages) : "–", source.kind === "directory" ? "does not apply to a folder" : "of all groups"],
      ["Half done within", time.p50 === null ? "–" : span(time.p50), "from arrival to events (p50)"],
      ["99 of 100 within", time.p99 === null ? "–" : span(time.p99), `of the newest ${count(time.articles)} articles (p99)`],
      ["Dead letters", count(dead_letters.total), dead_letters.total ? "see below what was rejected" : "nothing was rejected", dead_letters.total > 0],
    ];
    if (!this.tiles.childElementCount) {
      this.tiles.append(...tiles.map(([name]) => h("div", {}, h("dt", {}, name), h("dd", {}, h("b"), h("span", { class: "faint" })))));
    }
    tiles.forEach(([, value, note, warn], i) => {
      const tile = this.tiles.children[i];
      say(tile.querySelector("b"), value);
      say(tile.querySelector("span"), note);
      tile.classList.toggle("warn", Boolean(warn));
    });
  }

  #workers({ workers, source, time }) {
    const now = Date.parse(time);
    const rows = workers.map((worker) => h("tr", { "data-state": worker.state },
      h("td", {}, h("span", { class: "state-word" }, h("span", { class: "lamp" }), worker.state)),
      h("th", { scope: "row" }, h("bdi", {}, worker.name)),
      h("td", {}, worker.last_seen ? `${span((now - Date.parse(worker.last_seen)) / 1000)} ago` : "never"),
      h("td", { class: "faint" }, h("bdi", {}, worker.detail || "working"))));
    this.workers.replaceChildren(h("h2", {}, "Workers"), rows.length
      ? table(["State", "Worker", "Last seen", "What is known"], rows)
      : h("p", { class: "faint" }, source.kind === "directory"
        ? "This page reads a folder: no workers are known. Started with --worker http://HOST:9464, it watches that one."
        : "No worker is a member of a consumer group now. Start one with: eventwire worker"));
  }

  #waiting({ source, lag }) {
    const rows = (lag?.groups ?? []).map((group) => h("tr", {},
      h("th", { scope: "row" }, group.name), h("td", {}, group.topic), h("td", { class: "number" }, count(group.messages)), h("td", { class: "faint" }, group.state)));
    this.waiting.replaceChildren(h("h2", {}, "What waits"), rows.length
      ? table(["Group", "Topic", "Messages", "State"], rows)
      : h("p", { class: "faint" }, source.kind === "directory" ? "A folder has no consumer groups." : "No consumer group has read anything yet."));
  }

  #letters({ dead_letters }) {
    const rows = dead_letters.by_code.map((letter) => h("tr", {},
      h("th", { scope: "row" }, letter.stage), h("td", {}, letter.code), h("td", { class: "number" }, count(letter.count)), h("td", { class: "faint" }, fullTime(Date.parse(letter.newest)))));
    this.letters.replaceChildren(h("h2", {}, "What was rejected"), ...(rows.length
      ? [table(["Stage", "Why", "Messages", "Newest"], rows), h("p", { class: "faint" }, "Look at them: eventwire dead-letters list. Their bytes are kept.")]
      : [h("p", { class: "faint" }, "Nothing: every article was read.")]));
  }
}

function table(heads, rows) {
  return h("div", { class: "wide-table", tabindex: 0, role: "group", "aria-label": heads.join(", ") },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));
}
