/**
 * What is wanted: the state of the filters, their place in the URL, their controls. The names in the URL are those of
 * the HTTP API, so a page's address and a request for the same events look alike.
 */

import { byId, calm, h, icon } from "./dom.js";
import { classLabel, count, languageLabel, percent, statusLabel, typeLabel } from "./words.js";

const LISTS = ["type", "status", "language", "entity", "source"];
const TYPING_MS = 300;
const LANGUAGES_SHOWN = 12;

const EMPTY = () => ({ type: [], status: [], language: [], entity: [], source: [], min_confidence: 0, time: "", q: "" });

export class Filters {
  state = EMPTY();
  #classes = []; // [{name, types: [name]}], in the taxonomy's order
  #counts = { classes: {}, types: {}, languages: {}, statuses: {}, sources: {} };
  #open = new Set(); // classes whose types are shown

  /** `onChange({typing})`: after every change by the user. */
  constructor(taxonomy, onChange) {
    this.#classes = taxonomy.classes.map(({ name }) => ({
      name,
      types: taxonomy.types.filter((type) => type.class === name).map((type) => type.name),
    }));
    this.statuses = taxonomy.statuses.map(({ name }) => name);
    this.onChange = onChange;
    this.#wire();
  }

  /** Reads the state from an address. Unknown names stay: the server says what is wrong with them. */
  read(parameters) {
    const list = (name) => parameters.getAll(name).flatMap((value) => value.split(",")).filter(Boolean);
    const whole = (name) => parameters.getAll(name).filter(Boolean); // names may hold commas
    const classes = list("class");
    const known = new Map(this.#classes.map((item) => [item.name, item.types]));
    const types = list("type");
    this.state = {
      ...EMPTY(),
      type: [...new Set([...types, ...(types.length ? [] : classes.flatMap((name) => known.get(name) ?? [`${name}.`]))])],
      status: list("status"),
      language: list("language"),
      entity: whole("entity"),
      source: whole("source"),
      min_confidence: Math.min(1, Math.max(0, Number(parameters.get("min_confidence")) || 0)),
      time: parameters.get("time") ?? "",
      q: (parameters.get("q") ?? "").slice(0, 200),
    };
    this.draw();
  }

  /** The parameters of the address and of requests: whole classes by their names, else every type. */
  get parameters() {
    const { type, min_confidence, time, q, ...lists } = this.state;
    const chosen = new Set(type);
    const whole = this.#classes.filter(({ types }) => types.every((name) => chosen.has(name)));
    const inWhole = new Set(whole.flatMap(({ types }) => types));
    const unknown = type.filter((name) => name.endsWith(".")); // classes that don't exist
    const onlyWhole = type.every((name) => inWhole.has(name) || name.endsWith("."));
    const kinds = onlyWhole
      ? { class: [...whole.map(({ name }) => name), ...unknown.map((name) => name.slice(0, -1))] }
      : { type };
    return { ...kinds, ...lists, min_confidence: min_confidence || null, time, q: q.trim() };
  }

  get active() {
    const { min_confidence, time, q } = this.state;
    return LISTS.reduce((sum, name) => sum + this.state[name].length, 0) + (min_confidence > 0) + Boolean(time) + Boolean(q.trim());
  }

  clear() {
    this.state = EMPTY();
    this.#changed();
  }

  /** Adds one wish: events with this entity, of this source. */
  only(field, name) {
    if (!this.state[field].includes(name)) this.state[field] = [...this.state[field], name];
    this.#changed();
  }

  /** Takes the counts of `GET /stats` without filters. */
  count(events) {
    this.#counts = events;
    this.draw();
  }

  /** Names to offer for the entity field. */
  suggest(names) {
    byId("entities").replaceChildren(...names.map((name) => h("option", { value: name })));
  }

  draw() {
    this.#drawClasses();
    this.#drawChips("statuses", "status", this.statuses, statusLabel, this.#counts.statuses);
    const languages = Object.keys(this.#counts.languages).slice(0, LANGUAGES_SHOWN);
    const shown = [...new Set([...languages, ...this.state.language])];
    this.#drawChips("languages", "language", shown, languageLabel, this.#counts.languages);
    byId("languages").closest("fieldset").hidden = !shown.length;
    byId("sources").replaceChildren(...Object.keys(this.#counts.sources).map((name) => h("option", { value: name })));
    const share = this.state.min_confidence;
    byId("confidence").value = Math.round(share * 100);
    byId("confidence-said").textContent = share ? `at least ${percent(share)}` : "any";
    if (document.activeElement !== byId("search") || byId("search").value.trim() !== this.state.q.trim()) byId("search").value = this.state.q;
    for (const radio of document.querySelectorAll("input[name=time]")) radio.checked = radio.value === this.state.time;
    this.#drawActive();
  }

  #drawClasses() {
    const chosen = new Set(this.state.type);
    const box = byId("classes");
    if (!box.childElementCount) box.append(...this.#classes.map((item) => this.#classRow(item)));
    for (const { name, types } of this.#classes) {
      const row = box.querySelector(`[data-class="${name}"]`);
      const picked = types.filter((type) => chosen.has(type)).length;
      const input = row.querySelector("input");
      input.checked = picked === types.length;
      input.indeterminate = picked > 0 && picked < types.length;
      row.querySelector(".number").textContent = amount(this.#counts.classes[name]);
      row.querySelector("button").setAttribute("aria-expanded", this.#open.has(name));
      row.querySelector(".types").hidden = !this.#open.has(name);
      for (const input of row.querySelectorAll(".types input")) {
        input.checked = chosen.has(input.value);
        input.closest("label").querySelector(".number").textContent = amount(this.#counts.types[input.value]);
      }
    }
  }

  #classRow({ name, types }) {
    const flip = (list, on) => {
      const rest = this.state.type.filter((type) => !list.includes(type));
      this.state.type = on ? [...rest, ...list] : rest;
      this.#changed();
    };
    return h(
      "div",
      { class: "class", "data-class": name },
      h(
        "label",
        {},
        h("input", { type: "checkbox", onchange: (event) => flip(types, event.target.checked) }),
        h("span", { class: "name" }, classLabel(name)),
        h("span", { class: "number faint" }),
      ),
      h(
        "button",
        {
          type: "button",
          class: "plain",
          "aria-expanded": "false",
          "aria-label": `Types of ${classLabel(name)}`,
          onclick: () => {
            if (!this.#open.delete(name)) this.#open.add(name);
            this.draw();
          },
        },
        icon("open"),
      ),
      h(
        "div",
        { class: "types", hidden: true },
        types.map((type) =>
          h(
            "label",
            {},
            h("input", { type: "checkbox", value: type, onchange: (event) => flip([type], event.target.checked) }),
            h("span", { class: "name" }, typeLabel(type)),
            h("span", { class: "number faint" }),
          ),
        ),
      ),
    );
  }

  #drawChips(id, field, names, label, counts) {
    const box = byId(id);
    if (box.dataset.names !== names.join()) {
      box.dataset.names = names.join();
      box.replaceChildren(
        ...names.map((name) =>
          h(
            "label",
            { class: "chip" },
            h("input", {
              type: "checkbox",
              value: name,
              onchange: (event) => {
                const rest = this.state[field].filter((one) => one !== name);
                this.state[field] = event.target.checked ? [...rest, name] : rest;
                this.#changed();
              },
            }),
            h("span", {}, label(name), " ", h("span", { class: "number faint" })),
          ),
        ),
      );
    }
    for (const input of box.querySelectorAll("input")) {
      input.checked = this.state[field].includes(input.value);
      input.closest("label").querySelector(".number").textContent = amount(counts[input.value]);
    }
  }

  /** The chips over the list: each takes its filter away. */
  #drawActive() {
    const chosen = new Set(this.state.type);
    const chips = [];
    const chip = (text, without) =>
      chips.push(
        h("button", { type: "button", class: "chip on", "aria-label": `Remove the filter ${text}`, onclick: () => { without(); this.#changed(); } },
          h("bdi", {}, text), icon("close")),
      );
    const rest = new Set(chosen);
    for (const { name, types } of this.#classes) {
      if (!types.every((type) => chosen.has(type))) continue;
      types.forEach((type) => rest.delete(type));
      chip(classLabel(name), () => { this.state.type = this.state.type.filter((type) => !types.includes(type)); });
    }
    for (const type of rest) chip(typeLabel(type), () => { this.state.type = this.state.type.filter((one) => one !== type); });
    const labels = { status: statusLabel, language: languageLabel, entity: String, source: String };
    for (const [field, label] of Object.entries(labels)) {
      for (const value of this.state[field]) {
        chip(label(value), () => { this.state[field] = this.state[field].filter((one) => one !== value); });
      }
    }
    if (this.state.min_confidence) chip(`at least ${percent(this.state.min_confidence)} sure`, () => { this.state.min_confidence = 0; });
    if (this.state.time) chip(this.state.time === "current" ? "news only" : "background only", () => { this.state.time = ""; });
    if (this.state.q.trim()) chip(`“${this.state.q.trim()}”`, () => { this.state.q = ""; });
    const clear = h("button", { type: "button", class: "plain link", onclick: () => this.clear() }, "Clear all");
    byId("active").replaceChildren(...chips, ...(chips.length > 1 ? [clear] : []));
    byId("active").hidden = !chips.length;
    byId("filters-clear").hidden = !this.active;
    for (const number of document.querySelectorAll(".filter-count")) number.textContent = this.active || "";
  }

  #wire() {
    const typed = calm(() => this.onChange({ typing: true }), TYPING_MS);
    byId("search").addEventListener("input", (event) => {
      this.state.q = event.target.value;
      this.#drawActive();
      typed();
    });
    byId("search").addEventListener("change", () => typed.now());
    byId("confidence").addEventListener("input", (event) => {
      this.state.min_confidence = Number(event.target.value) / 100;
      this.draw();
      typed();
    });
    for (const radio of document.querySelectorAll("input[name=time]")) {
      radio.addEventListener("change", () => { this.state.time = radio.value; this.#changed(); });
    }
    for (const field of ["entity", "source"]) {
      byId(`add-${field}`).addEventListener("submit", (event) => {
        event.preventDefault();
        const input = event.target.elements[0];
        const name = input.value.trim();
        input.value = "";
        if (name) this.only(field, name);
      });
    }
    byId("filters-clear").addEventListener("click", () => this.clear());
  }

  #changed() {
    this.draw();
    this.onChange({ typing: false });
  }
}

const amount = (number) => (number ? count(number) : "");
