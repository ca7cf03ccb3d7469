/** One event, opened: who did what, how sure we are, where it is written, and how it came about. */

import * as api from "./api.js";
import { holds, quote, text } from "./article.js";
import { byId, h, icon } from "./dom.js";
import { line } from "./marks.js";
import {
  amountValue, classLabel, dateWords, dayWords, fullTime, languageLabel, percent, roleLabel, span, statusLabel, sureWord, typeDefinition, typeLabel,
} from "./words.js";

const TIMES = { current: "News of this article", background: "Background: told to explain the news" };

export class Detail {
  id = null;
  #asked = null;
  #event = null;

  /**
   * `onClose()`, `onStep(±1)`, `onOpen(id)` (another event of the article), `onEntity(name)`: only events with it;
   * `before(id)`: the row before an update.
   */
  constructor(handlers) {
    this.box = byId("detail");
    this.handlers = handlers;
    this.body = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-labelledby": "detail-title" });
    this.title = h("h2", { id: "detail-title" });
    this.box.append(
      h("header", {}, this.title, h("span", { class: "grow" }),
        button("Previous event (k)", "up", () => handlers.onStep(-1)),
        button("Next event (j)", "up", () => handlers.onStep(1), "down"),
        button("Close (Esc)", "close", () => handlers.onClose())),
      this.body,
    );
  }

  /** Opens the event. What is seen of another one stays until this one is there. */
  async open(id, { focus = false, again = false } = {}) {
    if (this.id === id && !again) return;
    this.#asked?.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    const changed = this.id !== id;
    this.id = id;
    this.box.hidden = false;
    document.body.classList.add("opened");
    if (focus) this.body.focus({ preventScroll: true });
    if (!this.#event) this.body.replaceChildren(h("div", { class: "skeleton", role: "status" }, h("span", { class: "sr" }, "Loading the event"), h("i"), h("i"), h("i"), h("i"), h("i")));
    this.body.setAttribute("aria-busy", "true");
    try {
      const event = await api.event(id, { signal });
      this.#draw(event, null);
      if (changed) this.body.scrollTop = 0;
      let article = null;
      let trouble = null;
      try {
        article = await api.article(event.article.id, { signal });
      } catch (error) {
        if (error.name === "AbortError") throw error;
        trouble = error;
      }
      this.#draw(event, article, trouble);
    } catch (error) {
      if (error.name !== "AbortError") this.#fail(error);
    }
    if (!signal.aborted) this.body.removeAttribute("aria-busy");
  }

  refresh() {
    if (this.id) this.open(this.id, { again: true });
  }

  close() {
    this.#asked?.abort();
    this.id = null;
    this.#event = null;
    this.box.hidden = true;
    document.body.classList.remove("opened");
  }

  #fail(error) {
    this.#event = null;
    const gone = error.status === 404;
    this.title.replaceChildren(gone ? "Not here any more" : "Not loaded");
    this.body.replaceChildren(
      h("div", { class: "state", role: "alert" },
        h("p", {}, gone ? "This event has left the window that the page looks through, or never was in it." : error.message),
        h("button", { type: "button", onclick: () => this.refresh() }, "Try again")),
    );
  }

  /** `article`: undefined trouble and null while it is on its way. */
  #draw(event, article, trouble = null) {
    this.#event = event;
    this.box.dataset.class = event.class;
    this.box.dataset.action = event.action;
    this.title.replaceChildren(h("span", { class: "type" }, typeLabel(event.type)), " ", h("span", { class: "faint" }, statusLabel(event.status)));
    this.body.replaceChildren(
      ...[
        this.#news(event),
        h("p", { class: "definition faint" }, h("span", { class: "class-name" }, classLabel(event.class)), ` · ${typeDefinition(event.type)}`),
        who(event, (where) => this.#point(where), this.handlers.onEntity),
        sure(event),
        h("section", { class: "words" }, h("h3", {}, "In these words"), event.evidence.map((part) => quote(part, event)), origin(event)),
        values(event),
        this.#article(event, article, trouble),
        this.#others(event, article),
        making(event),
      ].filter(Boolean),
    );
  }

  #news(event) {
    const before = this.handlers.before(event.event_id);
    if (event.action === "delete") {
      return h("p", { class: "news bad" }, h("b", {}, "Retracted. "), "The article's newer version, or its sender, no longer says this. Do not act on it.");
    }
    if (event.action !== "update") return null;
    const was = before && before.action !== "delete"
      ? ` Before: ${typeLabel(before.type).toLowerCase()}, ${statusLabel(before.status)}, ${percent(before.confidence)} sure.` : "";
    return h("p", { class: "news" }, h("b", {}, "Updated. "), `A newer version of the article tells it so.${was}`);
  }

  #article(event, article, trouble) {
    if (trouble) {
      const gone = trouble.status === 404;
      return h("section", { class: "whole" }, h("h3", {}, "The whole article"),
        h("p", { class: "faint" }, gone ? "The article is not kept here; the words above are all of it that is." : trouble.message));
    }
    if (!article) return h("section", { class: "whole" }, h("h3", {}, "The whole article"), h("div", { class: "skeleton" }, h("i"), h("i"), h("i"), h("i")));
    if (!article.text) return h("section", { class: "whole" }, h("h3", {}, "The whole article"), h("p", { class: "faint" }, "Its sender has taken the article back: there is no text any more."));
    const same = holds(article.text, event);
    return h("section", { class: "whole" }, h("h3", {}, "The whole article"),
      same ? legend(event, article) : h("p", { class: "news" }, "The article has changed since: its words below are newer than the event, and not marked."),
      text(article, same ? event : null));
  }

  #others(event, article) {
    const others = (article?.events ?? []).filter((other) => other.event_id !== event.event_id);
    if (!others.length) return null;
    return h("section", {}, h("h3", {}, `Also in this article (${others.length})`),
      h("ul", { class: "others" }, others.map((other) =>
        h("li", { "data-class": other.class },
          h("button", { type: "button", class: "plain", onclick: () => this.handlers.onOpen(other.event_id) },
            h("span", { class: "type" }, typeLabel(other.type)),
            h("span", { class: "faint" }, statusLabel(other.status)),
            h("bdi", { class: "grow" }, other.participants.map((one) => line(one.name ?? one.text)).filter((name, i, all) => all.indexOf(name) === i).slice(0, 3).join(", ")),
            h("span", { class: "number" }, percent(other.confidence)))))));
  }

  /** Shows where words stand in the article (or in the quote), and lets them glow for a moment. */
  #point(where) {
    const found = this.body.querySelector(`.text [data-span="${where}"]`) ?? this.body.querySelector(`[data-span="${where}"]`);
    if (!found) return;
    found.scrollIntoView({ block: "center", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    for (const piece of this.body.querySelectorAll(`[data-span="${where}"]`)) {
      piece.classList.remove("glow");
      void piece.offsetWidth; // restarts the animation
      piece.classList.add("glow");
    }
  }
}

function button(label, name, onclick, kind = "") {
  return h("button", { type: "button", class: `plain square ${kind}`, "aria-label": label, title: label, onclick }, icon(name));
}

function who(event, point, only) {
  const rows = event.participants.map((one) => {
    const ids = Object.entries(one.ids ?? {}).filter(([name]) => name !== "mic");
    return h("li", {},
      h("span", { class: "role" }, roleLabel(one.role)),
      h("div", {},
        h("button", { type: "button", class: "plain name", title: "Show where it is written", onclick: () => point(`${one.start}-${one.end}`) }, h("bdi", {}, line(one.name ?? one.text))),
        button(`Only events with ${line(one.name ?? one.text)}`, "filter", () => only(one.name ?? one.text), "small"),
        one.resolved || (one.name && one.name !== one.text)
          ? h("span", { class: "faint" }, " written as ", h("q", {}, h("bdi", {}, line(one.text)))) : null,
        ids.length ? h("div", { class: "ids faint" }, ids.map(([name, value]) => h("span", {}, `${ID_NAMES[name] ?? name} `, h("b", {}, name === "ticker" && one.ids.mic ? `${value} (${one.ids.mic})` : value)))) : null));
  });
  return h("section", { class: "who-did" }, h("h3", {}, "Who"),
    rows.length ? h("ul", {}, rows) : h("p", { class: "faint" }, "The article's words name nobody in a role."));
}

const ID_NAMES = { isin: "ISIN", ticker: "Ticker", lei: "LEI", country: "Country", geonames_id: "GeoNames" };

function sure(event) {
  const bar = h("span", { class: "bar" });
  bar.style.setProperty("--share", event.confidence);
  return h("section", { class: "how-sure" }, h("h3", {}, "How sure"),
    h("p", { class: "said" }, h("b", {}, percent(event.confidence)), " ", sureWord(event.confidence), bar),
    h("p", { class: "faint" }, `Of 100 events with this number, about ${Math.round(event.confidence * 100)} are right in type and words. It says nothing about roles, status and time: read the words.`));
}

function origin(event) {
  const { article } = event;
  const url = webAddress(article.url);
  return h("p", { class: "origin" },
    h("bdi", { class: "headline" }, line(article.title ?? "Without a title")),
    h("span", { class: "faint" },
      [line(article.source ?? "no source"), languageLabel(article.language), article.published_at ? `published ${dayWords(Date.parse(article.published_at))}` : "no date of publication"].join(" · "),
      url ? [" · ", h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, "Open the original", icon("out"))] : null));
}

/** The address if it is one of the web: an article's sender may have written anything. */
function webAddress(url) {
  try {
    const parsed = new URL(url);
    return ["https:", "http:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

function values(event) {
  const rows = [
    ...event.amounts.map((amount) => [line(amount.text), amountValue(amount) || "not understood", amount.kind.toLowerCase()]),
    ...(event.event_date ? [[line(event.event_date.text), dateWords(event.event_date.date), "date of the event"]] : []),
  ];
  if (!rows.length) return null;
  return h("section", {}, h("h3", {}, "Amounts and dates"),
    h("table", { class: "values" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "As written"), h("th", { scope: "col" }, "Understood as"), h("th", { scope: "col" }, "Kind"))),
      h("tbody", {}, rows.map(([said, value, kind]) => h("tr", {}, h("td", {}, h("bdi", {}, said)), h("td", { class: "value" }, value), h("td", { class: "faint" }, kind))))));
}

function legend(event, article) {
  const key = (kind, label) => h("span", {}, h(kind === "entity" || kind === "boilerplate" ? "span" : "mark", { class: `m-${kind}` }, label));
  return h("p", { class: "legend faint" }, "Marked: ", key("evidence", "evidence"), " ", key("trigger", "what happened"), " ",
    event.participants.length ? [key("role", "who"), " "] : null,
    event.amounts.length ? [key("amount", "amount"), " "] : null,
    event.event_date ? [key("date", "date"), " "] : null,
    article.entities.length ? [key("entity", "other names"), " "] : null,
    article.boilerplate.length ? key("boilerplate", "not news") : null);
}

function making(event) {
  const ingested = Date.parse(event.ingested_at ?? "");
  const produced = Date.parse(event.produced_at ?? "");
  const rows = [
    ["Time", TIMES[event.time] ?? event.time],
    ["Share of the article", `${percent(event.relevance)} of it is about this event`],
    ["Article published", event.article.published_at ? fullTime(Date.parse(event.article.published_at)) : "not said"],
    ["Arrived here", fullTime(ingested)],
    ["Event written", `${fullTime(produced)}${Number.isNaN(produced - ingested) ? "" : `, ${span((produced - ingested) / 1000)} later`}`],
    ["Raw article at", event.trace],
    ["Event", event.event_id],
    ["Article", event.article.id],
    ["Same event elsewhere", event.similarity_key],
    ...Object.entries(event.models).map(([name, ref]) => [`Model: ${name}`, ref]),
  ];
  return h("section", { class: "making" }, h("h3", {}, "How it came about"),
    h("dl", {}, rows.filter(([, value]) => value).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, h("bdi", {}, line(value)))))),
    h("details", {}, h("summary", {}, "The record"), h("pre", { tabindex: 0, role: "group", "aria-label": "The record as JSON" }, JSON.stringify(event, null, 2))));
}
