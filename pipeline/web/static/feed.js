/** The events on the page: read in pages, followed live, held back while paused. */

import * as api from "./api.js";
import { byId, calm, h } from "./dom.js";
import { List } from "./list.js";
import { empty, notice, skeleton } from "./notices.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { count } from "./words.js";

const FIRST = 200; // events of the first page
const MORE = 300; // of each further one: read and shown in a few milliseconds
const HELD_MOST = 5_000; // events held back while paused; more, and the list is read again
const RETRY_MS = 3_000;
const LIVE = { connecting: "Connecting", live: "Live", lost: "Reconnecting", offline: "No network" };

export class Feed {
  store = new Store();
  #wanted = {}; // the filters, as the API takes them
  #next = null; // cursor of older events
  #loading = null;
  #held = null; // events that wait while paused
  #unseen = 0;

  /**
   * `onOpen(row)`; `onLoaded()`: the list is another one; `onTouched(ids)`: these events were told anew;
   * `onNames(names)`: who takes part, the most frequent first; `onClear()`: without filters, please; `onWorkers()`: one
   * came, or is in another state;
   * `onRefused(error)`: whether somebody else takes care of it.
   */
  constructor(handlers) {
    this.handlers = handlers;
    this.list = new List(byId("list"), {
      onOpen: handlers.onOpen,
      onNearEnd: () => this.#more(),
      onScroll: (top) => top && this.#unseen && this.#see(0),
    });
    this.stream = new Stream({
      onEvents: (events) => this.#arrive(events),
      onGap: (missed) => this.#gap(missed),
      onState: (state) => this.connection(state),
      onWorkers: handlers.onWorkers,
    });
    byId("pause").addEventListener("click", () => this.pause());
    byId("news").addEventListener("click", () => {
      this.list.toTop();
      byId("list").focus({ preventScroll: true });
    });
  }

  get rows() {
    return this.store.rows;
  }

  get live() {
    return byId("connection").dataset.state === "live";
  }

  /** Reads the events that `wanted` lets through, and follows them from there. */
  async load(wanted = this.#wanted) {
    this.#wanted = wanted;
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.stream.stop();
    this.#next = null;
    this.#held = null;
    this.#drawPause();
    byId("list").setAttribute("aria-busy", "true");
    byId("foot").textContent = "";
    if (!this.rows.length) skeleton();
    else byId("list").classList.add("waiting");
    try {
      const page = await api.events(wanted, null, FIRST, { signal: loading.signal });
      this.store.clear();
      this.store.append(page.events);
      this.#next = page.next;
      this.#done();
      this.#redraw({ keep: false });
      this.stream.start(wanted, page.newest);
      this.handlers.onLoaded();
      this.#names();
    } catch (error) {
      if (error.name === "AbortError") return; // another one is on its way
      this.#done();
      this.store.clear();
      this.#redraw({ keep: false });
      this.#failed(error);
    }
  }

  #done() {
    this.#loading = null;
    byId("list").removeAttribute("aria-busy");
    byId("list").classList.remove("waiting");
  }

  #failed(error) {
    if (this.handlers.onRefused(error)) return;
    if (error.status === 400) {
      empty("These filters can't be met.", error.message, ["Clear the filters", this.handlers.onClear]);
      return;
    }
    empty("The events could not be read.", error.message, ["Try again", () => this.load()]);
    this.connection("lost");
    setTimeout(() => !this.#loading && !this.rows.length && this.load(), RETRY_MS);
  }

  async #more() {
    if (this.#loading || this.#next === null || this.store.cut) return;
    const loading = new AbortController();
    this.#loading = loading;
    byId("foot").textContent = "Loading older events …";
    try {
      const page = await api.events(this.#wanted, this.#next, MORE, { signal: loading.signal });
      this.store.append(page.events);
      this.#next = page.next;
      this.#loading = null;
      this.#redraw();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.#loading = null;
      byId("foot").replaceChildren(`${error.message} `, h("button", { type: "button", class: "plain link", onclick: () => this.#more() }, "Try again"));
    }
  }

  #redraw(how = {}) {
    const { rows } = this;
    this.list.show(rows, how);
    const end = this.#next === null;
    if (rows.length || !end) byId("empty").hidden = true;
    else if (Object.values(this.#wanted).some((value) => [value].flat().some(Boolean))) {
      empty("No such events.", "None in the window meets all these filters at once.", ["Clear the filters", this.handlers.onClear]);
    } else empty("No events yet.", "They come in here as soon as articles have been read. Nothing needs to be reloaded.");
    byId("foot").textContent = !rows.length || !end ? ""
      : this.store.cut ? "Older ones were pushed out by new ones: filters bring them back."
      : this.#end();
  }

  #end() {
    const { length } = this.rows;
    const retracted = this.rows.reduce((sum, row) => sum + (row.action === "delete"), 0);
    return `The end: ${count(length)} event${length === 1 ? "" : "s"}${retracted ? `, ${count(retracted)} of them retracted` : ""}.`;
  }

  // -- live

  #arrive(events) {
    if (this.#held) {
      this.#held.push(...events);
      this.#drawPause();
      return;
    }
    const { above, touched } = this.store.take(events);
    if (!touched.size) return;
    const top = this.list.atTop;
    this.#redraw({ above });
    if (!top) this.#see(this.#unseen + above);
    this.handlers.onTouched(touched);
    this.#names();
  }

  #gap(missed) {
    notice("gap", `${missed ? `${count(missed)} events` : "Some events"} could not be resumed: the list was read again.`, { lasting: false });
    this.load();
  }

  #see(unseen) {
    this.#unseen = unseen;
    byId("news").hidden = !unseen;
    byId("news").querySelector("span").textContent = `${count(unseen)} new`;
  }

  /** Holds new events back, or lets them in. */
  pause() {
    const waiting = this.#held;
    this.#held = waiting ? null : [];
    this.#drawPause();
    if (!waiting?.length) return;
    if (waiting.length > HELD_MOST) this.load();
    else this.#arrive(waiting);
  }

  #drawPause() {
    const held = this.#held;
    byId("pause").setAttribute("aria-pressed", held !== null);
    byId("pause").textContent = held === null ? "Pause" : held.length ? `Let ${count(held.length)} in` : "Paused";
  }

  connection(state) {
    byId("connection").dataset.state = state;
    byId("connection-said").textContent = LIVE[state];
    notice("server", null); // told by this one
    const lost = state === "lost" || state === "offline";
    notice("connection", lost ? "The live connection is lost. What you see is what came before; what is missed will be filled in." : null,
      { bad: true, action: ["Try now", () => this.stream.retry()] });
  }

  #names = calm(() => {
    const seen = new Map();
    for (const row of this.rows.slice(0, 2000)) for (const { name } of row.who) seen.set(name, (seen.get(name) ?? 0) + 1);
    this.handlers.onNames([...seen].sort((a, b) => b[1] - a[1]).slice(0, 60).map(([name]) => name));
  }, 500);
}
