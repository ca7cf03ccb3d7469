/**
 * The windowed list: however many rows there are, only those in sight (and a few around them) are elements. All rows
 * have one height, which the style sheet sets (`--row`), so a row's place is its index times that.
 */

import { h, say } from "./dom.js";
import { classLabel, direction, languageLabel, percent, roleLabel, statusLabel, sureWord, typeLabel, whenWords } from "./words.js";

const AROUND = 8; // rows drawn above and below the sight
const FRESH_MS = 2500;
const PEOPLE = 3;
const ACTIONS = { add: "", update: "updated", delete: "retracted" };

export class List {
  rows = [];
  selected = -1;
  #shown = new Map(); // index -> element
  #spare = [];
  #frame = 0;
  #height = 64;

  /** `box`: the scrolling element. `onOpen(row)`, `onNearEnd()`, `onScroll(atTop)`. */
  constructor(box, handlers) {
    this.box = box;
    this.handlers = handlers;
    this.sheet = h("div", { class: "sheet", role: "presentation" });
    box.append(this.sheet);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("click", (click) => this.#click(click));
    new ResizeObserver(() => this.#measure()).observe(box);
    this.#measure();
  }

  /** Shows `rows`. `above`: how many of them are new on top; who has scrolled down keeps seeing the same ones. */
  show(rows, { above = 0, keep = true } = {}) {
    const chosen = this.rows[this.selected];
    const top = this.box.scrollTop;
    this.rows = rows;
    if (chosen) {
      this.selected = keep ? this.#find(chosen.id, this.selected, above) : -1;
    }
    this.sheet.style.height = `${rows.length * this.#height}px`;
    if (!keep) this.box.scrollTop = 0;
    else if (above && top > 0) this.box.scrollTop = top + above * this.#height;
    this.draw();
  }

  /** Where a row went: near its old place, or `above` rows further down, else anywhere. */
  #find(id, at, above) {
    for (const guess of [at, at + above]) if (this.rows[guess]?.id === id) return guess;
    return this.rows.findIndex((row) => row.id === id);
  }

  get atTop() {
    return this.box.scrollTop < this.#height / 2;
  }

  toTop() {
    this.box.scrollTop = 0;
  }

  /** Moves the selection by `step` rows (or to `index`), into sight. */
  move(step) {
    if (!this.rows.length) return;
    const start = this.selected >= 0 ? this.selected + step : Math.ceil(this.box.scrollTop / this.#height);
    this.select(Math.max(0, Math.min(this.rows.length - 1, start)));
  }

  select(index, { reveal = true } = {}) {
    this.selected = index;
    if (reveal && index >= 0) {
      const top = index * this.#height;
      const { scrollTop, clientHeight } = this.box;
      if (top < scrollTop) this.box.scrollTop = top;
      else if (top + this.#height > scrollTop + clientHeight) this.box.scrollTop = top + this.#height - clientHeight;
    }
    this.draw();
  }

  selectId(id, options) {
    this.select(id ? this.rows.findIndex((row) => row.id === id) : -1, options);
  }

  get page() {
    return Math.max(1, Math.floor(this.box.clientHeight / this.#height) - 1);
  }

  /** Draws in the next frame; as often as one likes. */
  draw() {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.sheet).getPropertyValue("--row")) || 64;
    if (height !== this.#height) {
      const first = this.box.scrollTop / this.#height;
      this.#height = height;
      this.sheet.style.height = `${this.rows.length * height}px`;
      this.box.scrollTop = first * height;
    }
    this.draw();
  }

  #paint() {
    this.#frame = 0;
    const { scrollTop, clientHeight } = this.box;
    const first = Math.max(0, Math.floor(scrollTop / this.#height) - AROUND);
    const last = Math.min(this.rows.length, Math.ceil((scrollTop + clientHeight) / this.#height) + AROUND);
    for (const [index, element] of this.#shown) {
      if (index >= first && index < last) continue;
      this.#shown.delete(index);
      this.#spare.push(element);
    }
    for (let index = first; index < last; index++) {
      let element = this.#shown.get(index);
      if (!element) {
        element = this.#spare.pop() ?? this.#make();
        element.row = null;
        this.#shown.set(index, element);
      }
      this.#place(element, index);
    }
    for (const element of this.#spare) element.remove();
    this.#spare.length = 0;
    if (this.#shown.has(this.selected)) this.box.setAttribute("aria-activedescendant", `row-${this.selected}`);
    else this.box.removeAttribute("aria-activedescendant");
    this.handlers.onScroll?.(this.atTop);
    if (last + 4 * this.page >= this.rows.length) this.handlers.onNearEnd?.();
  }

  #make() {
    const parts = {
      when: h("span", { class: "when" }, h("span"), h("span", { class: "faint" }), h("span", { class: "tag" })),
      what: h("span", { class: "what" }, h("span", { class: "type" }), h("span", { class: "faint" }), h("span", { class: "faint" })),
      who: h("span", { class: "who" }, Array.from({ length: PEOPLE }, () => h("span", { class: "person" }, h("bdi"), " ", h("span", { class: "faint" })))),
      quote: h("span", { class: "quote" }, h("span"), h("mark"), h("span")),
      origin: h("span", { class: "origin faint" }),
      sure: h("span", { class: "sure" }, h("span", { class: "bar" }), h("b"), h("span", { class: "faint" })),
    };
    const element = h("div", { class: "row", role: "option" }, ...Object.values(parts));
    element.parts = parts;
    return element;
  }

  /** Touches only what differs: this runs for every row in sight, in every frame of scrolling. */
  #place(element, index) {
    const row = this.rows[index];
    if (!element.isConnected) this.sheet.append(element);
    if (element.at !== index || element.height !== this.#height) {
      element.at = index;
      element.height = this.#height;
      element.style.transform = `translateY(${index * this.#height}px)`;
      element.id = `row-${index}`;
      element.setAttribute("aria-posinset", index + 1);
    }
    if (element.ariaSetSize !== String(this.rows.length)) element.setAttribute("aria-setsize", this.rows.length);
    const selected = String(index === this.selected);
    if (element.ariaSelected !== selected) element.setAttribute("aria-selected", selected);
    if (element.row !== row) this.#fill(element, row);
  }

  #fill(element, row) {
    const { when, what, who, quote, origin, sure } = element.parts;
    element.row = row;
    element.dataset.id = row.id;
    element.dataset.class = row.class;
    element.dataset.action = row.action;
    const age = performance.now() - row.fresh;
    element.classList.toggle("fresh", row.fresh > 0 && age < FRESH_MS);
    const [clock, day] = whenWords(row.when);
    say(when.children[0], clock);
    say(when.children[1], day);
    say(what.children[0], typeLabel(row.type));
    say(when.children[2], ACTIONS[row.action]);
    say(what.children[1], `${statusLabel(row.status)}${row.time === "background" ? " · background" : ""}`);
    say(what.children[2], classLabel(row.class));
    people(row).forEach(({ name, role }, i) => {
      const slot = who.children[i];
      slot.hidden = !(name || role);
      say(slot.children[0], name);
      say(slot.children[1], role);
    });
    for (const [i, text] of row.quote.entries()) say(quote.children[i], text);
    if (quote.lang !== row.language) {
      quote.lang = row.language;
      quote.dir = direction(row.language);
    }
    say(origin, [row.source || "no source", languageLabel(row.language), row.title].filter(Boolean).join(" · "));
    sure.children[0].style.setProperty("--share", row.confidence);
    say(sure.children[1], percent(row.confidence));
    say(sure.children[2], sureWord(row.confidence));
  }

  #click(click) {
    const element = click.target.closest(".row");
    if (!element) return;
    const index = this.rows.findIndex((row) => row.id === element.dataset.id);
    if (index < 0) return; // it has just gone
    this.select(index, { reveal: false });
    this.handlers.onOpen(this.rows[index]);
  }
}

/** What fills the slots for participants; an amount that is in no role joins them. */
function people(row) {
  const all = row.amount ? [...row.who, { name: row.amount, role: "amount" }] : row.who;
  const shown = all.length > PEOPLE ? all.slice(0, PEOPLE - 1) : all;
  const lines = shown.map(({ name, role }) => ({ name, role: roleLabel(role) }));
  if (!all.length) lines.push({ name: "", role: "nobody named" });
  if (all.length > PEOPLE) lines.push({ name: "", role: `and ${all.length - shown.length} more` });
  return Array.from({ length: PEOPLE }, (_, i) => lines[i] ?? { name: "", role: "" });
}
