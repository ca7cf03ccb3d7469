/** Replays: the runs that there are, and what one says otherwise than another. */

import * as api from "./api.js";
import { byId, h } from "./dom.js";
import { line } from "./marks.js";
import { classLabel, count, fullTime, percent, roleLabel, statusLabel, typeLabel } from "./words.js";

const SHOWN = 200; // differences at once
const KINDS = { same: "the same", rescored: "only other scores", changed: "told otherwise", lost: "only in the first", added: "only in the second" };

export class Replays {
  #pair = ["", ""];

  constructor({ onPair }) {
    this.box = byId("view-replays");
    this.onPair = onPair;
  }

  /** Reads the list again; compares `pair` (two names) if both are given. */
  async open(pair) {
    this.#pair = pair;
    this.box.replaceChildren(h("div", { class: "card skeleton", role: "status" }, h("span", { class: "sr" }, "Loading the replays"), h("i"), h("i"), h("i")));
    try {
      const { replays } = await api.replays();
      this.#list(replays);
      if (replays.length > 1 && pair[0] && pair[1]) await this.#compare(...pair);
    } catch (error) {
      this.box.replaceChildren(h("div", { class: "card state", role: "alert" }, h("p", {}, error.message), h("button", { type: "button", onclick: () => this.open(pair) }, "Try again")));
    }
  }

  #list(replays) {
    if (replays.length < 2) { // what is shown is a run, too
      this.box.replaceChildren(
        h("div", { class: "card state" }, h("h2", {}, "No replays yet"),
          h("p", {}, "A replay reads the same articles again, with another model or other rules. Here you then see, event by event, what would change."),
          h("p", { class: "faint" }, "eventwire replay --help tells how to make one.")),
      );
      return;
    }
    this.result = h("div", { "aria-live": "polite" });
    const names = replays.map(({ run }) => run);
    const choose = (i, label) => h("label", {}, label, " ", h("select", { onchange: (event) => { this.#pair[i] = event.target.value; } },
      h("option", { value: "" }, "choose a run"), names.map((name) => h("option", { value: name, selected: name === this.#pair[i] }, name))));
    this.box.replaceChildren(
      h("div", { class: "card" }, h("h2", {}, "Runs"),
        h("div", { class: "wide-table", tabindex: 0, role: "group", "aria-label": "Runs" },
          h("table", {},
            h("thead", {}, h("tr", {}, ["Run", "State", "Made", "Model", "What it read", "Events"].map((head) => h("th", { scope: "col" }, head)))),
            h("tbody", {}, replays.map(row))))),
      h("form", { class: "card compare", onsubmit: (event) => { event.preventDefault(); if (this.#pair[0] && this.#pair[1]) this.onPair(this.#pair); } },
        choose(0, "Compare"), choose(1, "with"), h("button", { type: "submit" }, "Show the differences")),
      this.result,
    );
  }

  async #compare(a, b) {
    this.result.replaceChildren(h("div", { class: "card skeleton" }, h("i"), h("i"), h("i")));
    let diff;
    try {
      diff = await api.diff(a, b);
    } catch (error) {
      this.result.replaceChildren(h("p", { class: "card state", role: "alert" }, error.message));
      return;
    }
    const { items } = diff;
    const { articles } = diff.summary;
    this.result.replaceChildren(
      h("div", { class: "card" }, h("h2", {}, `What differs in ${count(articles)} article${articles === 1 ? "" : "s"}`),
        h("ul", { class: "sums" }, Object.entries(KINDS).map(([kind, words]) =>
          h("li", { "data-kind": kind }, h("b", {}, count(diff.summary[kind])), " ", words))),
        items.length ? h("ul", { class: "differences" }, items.slice(0, SHOWN).map(difference)) : h("p", { class: "faint" }, "Both runs say the same."),
        items.length > SHOWN || diff.more ? h("p", { class: "faint" }, `The first ${SHOWN} are shown; eventwire diff lists them all.`) : null),
    );
  }
}

function row(run) {
  const pinned = run.pinned ?? {};
  const counts = run.counts ?? {};
  const taken = run.taken ?? {};
  const source = taken.archive ?? taken.topic ?? "";
  const range = [taken.since && `from ${taken.since}`, taken.before && `before ${taken.before}`].filter(Boolean).join(", ");
  return h("tr", {},
    h("th", { scope: "row" }, h("bdi", {}, line(run.run))),
    h("td", {}, run.state ?? ""),
    h("td", {}, run.created_at ? fullTime(Date.parse(run.created_at)) : ""),
    h("td", {}, h("bdi", {}, line(pinned.events ?? pinned.language ?? ""))),
    h("td", {}, h("bdi", {}, line([source, range].filter(Boolean).join(", ")))),
    h("td", { class: "number" }, counts.events === undefined ? "" : count(counts.events)));
}

function difference({ kind, a, b, fields }) {
  const event = b ?? a;
  return h("li", { "data-kind": kind, "data-class": event.class },
    h("p", {}, h("span", { class: "tag" }, KINDS[kind] ?? kind), " ", h("b", {}, typeLabel(event.type)), " ", h("span", { class: "faint" }, `${classLabel(event.class)} · `), h("bdi", { class: "faint" }, line(event.article.title ?? event.article.id))),
    h("div", { class: "sides" }, side("First", a, fields), side("Second", b, fields)));
}

function side(label, event, fields = []) {
  if (!event) return h("div", { class: "side faint" }, `${label}: nothing`);
  const differs = (name) => (fields?.includes(name) ? "differs" : null);
  return h("div", { class: "side" }, h("span", { class: "faint" }, label), " ",
    h("span", { class: differs("type") }, typeLabel(event.type)), ", ",
    h("span", { class: differs("status") }, statusLabel(event.status)), ", ",
    h("span", { class: differs("confidence") }, percent(event.confidence)), ": ",
    h("span", { class: differs("participants") }, event.participants.map((one) => `${line(one.name ?? one.text)} (${roleLabel(one.role)})`).join(", ") || "nobody"),
    h("blockquote", { lang: event.article.language, dir: "auto", class: differs("evidence") }, event.evidence.map((quote) => line(quote.text)).join(" … ")));
}
