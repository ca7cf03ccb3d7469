/** The page: puts the parts together, keeps the address, answers to keys. */

import * as api from "./api.js";
import { Chart, repaint } from "./charts.js";
import { Detail } from "./detail.js";
import { byId, calm, h } from "./dom.js";
import { Filters } from "./filters.js";
import { Health, classSeries, troubles } from "./health.js";
import { buildHelp } from "./help.js";
import { List } from "./list.js";
import { Replays } from "./replays.js";
import { Store } from "./store.js";
import { Stream } from "./stream.js";
import { count, learn } from "./words.js";

const FIRST = 200; // events of the first page
const MORE = 500;
const POLL_MS = 5_000;
const HELD_MOST = 5_000; // events held back while paused; more, and the list is read again
const VIEWS = ["events", "health", "replays"];
const LIVE = { connecting: "Connecting", live: "Live", lost: "Reconnecting", offline: "No network" };
const THEMES = { auto: "like the system", light: "light", dark: "dark" };

class Page {
  store = new Store();
  view = "events";
  next = null;
  loading = null;
  held = null; // events that wait while paused
  unseen = 0;
  clock = null; // null: chosen by the source
  stats = null;

  async start() {
    this.help = buildHelp();
    this.detail = new Detail({
      onClose: () => this.closeEvent(),
      onStep: (step) => this.step(step),
      onOpen: (id) => this.openEvent(id),
      onEntity: (name) => this.filters.only("entity", name),
      before: (id) => this.store.get(id)?.before,
    });
    this.list = new List(byId("list"), {
      onOpen: (row) => this.openEvent(row.id, { focus: false }),
      onSelect: () => {},
      onNearEnd: () => this.more(),
      onScroll: (top) => top && this.seen(),
    });
    this.strip = new Chart(byId("strip"), { title: "Events over time", kind: "stack", height: 84, plain: true, label: ({ series }) => `Events over time by class: ${series.map(({ label, values }) => `${label} ${count(values.reduce((a, b) => a + b, 0))}`).join(", ")}` });
    this.stream = new Stream({
      onEvents: (events) => this.arrive(events),
      onGap: (missed) => this.gap(missed),
      onState: (state) => this.connection(state),
    });
    this.wire();
    this.theme();
    this.show(new URLSearchParams(location.search).get("view"));
    const taxonomy = await this.vocabulary();
    learn(taxonomy);
    this.order = taxonomy.classes.map(({ name }) => name);
    this.filters = new Filters(taxonomy, ({ typing }) => {
      this.remember({ replace: typing });
      this.load();
      this.poll();
    });
    this.health = new Health(this.order, { onClock: (clock) => { this.clock = clock; this.poll(); } });
    this.replays = new Replays({ onPair: (pair) => { this.remember({ pair }); this.replays.open(pair); } });
    this.fromAddress();
    this.poll();
    setInterval(() => this.poll(), POLL_MS);
  }

  /** The server's vocabulary; waits for a server that isn't up yet. */
  async vocabulary() {
    for (;;) {
      try {
        return await api.taxonomy();
      } catch (error) {
        if (this.signIn(error)) return new Promise(() => {});
        this.connection("lost");
        this.empty(error.message, "The page tries again by itself.");
        await new Promise((done) => { setTimeout(done, 2000); });
      }
    }
  }

  // -- the address

  fromAddress() {
    const parameters = new URLSearchParams(location.search);
    const before = JSON.stringify(this.filters.parameters);
    this.filters.read(parameters);
    this.show(parameters.get("view"));
    if (before !== JSON.stringify(this.filters.parameters) || !this.loaded) {
      this.load();
      if (this.loaded) this.poll();
    }
    this.loaded = true;
    const id = parameters.get("event");
    if (id) this.openEvent(id, { remember: false });
    else this.closeEvent({ remember: false });
    if (this.view === "replays") this.replays.open([parameters.get("a") ?? "", parameters.get("b") ?? ""]);
  }

  remember({ replace = false, pair = null } = {}) {
    const url = new URL(location.href);
    const { searchParams: old } = url;
    const pairs = pair ?? (this.view === "replays" ? [old.get("a"), old.get("b")] : []);
    url.search = api.address("", {
      view: this.view === "events" ? null : this.view,
      ...this.filters.parameters,
      event: this.view === "events" ? this.detail.id : null,
      a: pairs[0], b: pairs[1],
    }).search;
    if (url.href !== location.href) history[replace ? "replaceState" : "pushState"](null, "", url);
  }

  show(view) {
    this.view = VIEWS.includes(view) ? view : "events";
    for (const name of VIEWS) byId(`view-${name}`).hidden = name !== this.view;
    for (const link of document.querySelectorAll(".views a")) {
      if (link.dataset.view === this.view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.body.dataset.view = this.view;
    byId("view-name").textContent = this.view.charAt(0).toUpperCase() + this.view.slice(1);
    document.title = this.view === "events" ? "Eventwire" : `Eventwire: ${this.view}`;
    this.health?.draw();
    this.list?.draw();
  }

  go(view) {
    this.show(view);
    this.remember();
    if (this.view === "replays") this.replays.open(["", ""]);
  }

  // -- events

  async load() {
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    const wanted = this.filters.parameters;
    this.stream.stop();
    this.next = null;
    this.hold(false, { drop: true });
    byId("list").setAttribute("aria-busy", "true");
    byId("foot").textContent = "";
    if (!this.store.rows.length) this.skeleton();
    else byId("list").classList.add("waiting");
    try {
      const page = await api.events(wanted, null, FIRST, { signal: loading.signal });
      this.store.clear();
      this.store.append(page.events);
      this.next = page.next;
      this.loading = null;
      this.redraw({ keep: false });
      this.stream.start(wanted, page.newest);
      if (this.detail.id) this.list.selectId(this.detail.id, { reveal: true });
      this.suggest();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.loading = null;
      this.store.clear();
      this.redraw({ keep: false });
      this.failed(error);
    } finally {
      if (this.loading === null || this.loading === loading) {
        byId("list").removeAttribute("aria-busy");
        byId("list").classList.remove("waiting");
      }
    }
  }

  async more() {
    if (this.loading || this.next === null || this.store.cut) return;
    const loading = new AbortController();
    this.loading = loading;
    byId("foot").textContent = "Loading older events …";
    try {
      const page = await api.events(this.filters.parameters, this.next, MORE, { signal: loading.signal });
      this.store.append(page.events);
      this.next = page.next;
      this.loading = null;
      this.redraw();
    } catch (error) {
      if (error.name === "AbortError") return;
      this.loading = null;
      byId("foot").replaceChildren(`${error.message} `, h("button", { type: "button", class: "plain link", onclick: () => this.more() }, "Try again"));
    }
  }

  redraw(how = {}) {
    const { rows } = this.store;
    this.list.show(rows, how);
    if (rows.length || this.next !== null) byId("empty").hidden = true;
    else if (this.filters.active) this.empty("No such events.", "None in the window meets all these filters at once.", ["Clear the filters", () => this.filters.clear()]);
    else this.empty("No events yet.", "They come in here as soon as articles have been read. Nothing needs to be reloaded.");
    const retracted = rows.reduce((sum, row) => sum + (row.action === "delete"), 0);
    byId("foot").textContent = !rows.length || this.next !== null ? ""
      : this.store.cut ? "Older ones were pushed out by new ones: filters bring them back."
      : `The end: ${count(rows.length)} event${rows.length === 1 ? "" : "s"}${retracted ? `, ${count(retracted)} of them retracted` : ""}.`;
  }

  arrive(events) {
    if (this.held) {
      this.held.push(...events);
      this.drawPause();
      return;
    }
    const { above, touched } = this.store.take(events);
    if (!touched.size) return;
    const top = this.list.atTop;
    this.redraw({ above });
    if (!top) {
      this.unseen += above;
      this.drawNews();
    }
    if (this.detail.id && touched.has(this.detail.id)) this.detail.refresh();
    this.suggest();
  }

  gap(missed) {
    this.notice("gap", `${missed ? `${count(missed)} events` : "Some events"} could not be resumed: the list was read again.`, { lasting: false });
    this.load();
  }

  suggest = calm(() => {
    const seen = new Map();
    for (const row of this.store.rows.slice(0, 2000)) for (const { name } of row.who) seen.set(name, (seen.get(name) ?? 0) + 1);
    this.filters.suggest([...seen].sort((a, b) => b[1] - a[1]).slice(0, 60).map(([name]) => name));
  }, 500);

  seen() {
    if (!this.unseen) return;
    this.unseen = 0;
    this.drawNews();
  }

  drawNews() {
    byId("news").hidden = !this.unseen;
    byId("news").querySelector("span").textContent = `${count(this.unseen)} new`;
  }

  hold(on, { drop = false } = {}) {
    const waiting = this.held;
    this.held = on ? [] : null;
    this.drawPause();
    if (on || drop || !waiting?.length) return;
    if (waiting.length > HELD_MOST) this.load();
    else this.arrive(waiting);
  }

  drawPause() {
    const paused = this.held !== null;
    byId("pause").setAttribute("aria-pressed", paused);
    byId("pause").textContent = paused ? (this.held.length ? `Let ${count(this.held.length)} in` : "Paused") : "Pause";
  }

  // -- one event

  openEvent(id, { focus = false, remember = true } = {}) {
    this.show("events");
    this.detail.open(id, { focus });
    this.list.selectId(id, { reveal: !remember });
    if (remember) this.remember();
  }

  closeEvent({ remember = true } = {}) {
    if (!this.detail.id) return;
    this.detail.close();
    if (!remember) return;
    this.remember();
    byId("list").focus({ preventScroll: true });
  }

  step(step) {
    this.list.move(step);
    const row = this.store.rows[this.list.selected];
    if (this.detail.id && row) this.openEvent(row.id);
  }

  // -- health

  async poll() {
    if (this.polling || !this.filters) {
      this.pollAgain = Boolean(this.filters);
      return;
    }
    this.polling = true;
    try {
      const clock = this.clock ?? this.stats?.wantedClock ?? "written";
      const filters = this.filters.parameters;
      const all = await api.stats({ clock });
      const these = this.filters.active ? await api.stats({ ...filters, clock }) : all;
      this.takeStats(all, these);
    } catch (error) {
      // A lost connection has its own notice.
      const told = error.status === 400 || byId("connection").dataset.state !== "live";
      if (!this.signIn(error) && !told) this.notice("server", error.message, { bad: true });
    }
    this.polling = false;
    if (this.pollAgain) {
      this.pollAgain = false;
      this.poll();
    }
  }

  takeStats(all, these) {
    const first = !this.stats;
    this.stats = all;
    // A folder was mostly written in a minute: when its articles were published says more.
    const apart = Date.parse(all.window.newest ?? "") - Date.parse(all.window.oldest ?? "");
    this.stats.wantedClock = all.source.kind === "directory" && !(apart > 600_000) ? "published" : "written";
    if (first && this.stats.wantedClock !== "written") this.pollAgain = true;
    this.notice("server", null);
    byId("place").textContent = all.source.kind === "kafka" ? `Kafka ${all.source.name}` : all.source.name;
    byId("place").title = byId("place").textContent;
    this.filters.count(all.events);
    this.health.take(all);
    this.strip.set(classSeries(these.over_time, this.order));
    const { total } = these.events;
    byId("found").textContent = this.filters.active ? `${count(total)} of ${count(all.events.total)} events` : `${count(total)} event${total === 1 ? "" : "s"}`;
    this.drawTroubles(all);
  }

  drawTroubles(stats) {
    const found = troubles(stats);
    const lost = stats.workers.filter(({ state }) => state !== "alive").length;
    const pill = byId("workers");
    pill.hidden = !stats.workers.length;
    const dead = stats.workers.filter(({ state }) => state === "dead").length;
    pill.dataset.state = dead ? "dead" : lost ? "stalled" : "alive";
    pill.replaceChildren(h("span", { class: "lamp" }), lost ? `${lost} of ${stats.workers.length} workers ${dead === lost ? "dead" : "not well"}` : `${stats.workers.length} worker${stats.workers.length === 1 ? "" : "s"}`);
    this.notice("health", found.length ? found.slice(0, 3).map(({ text }) => text).join(" ") : null, { bad: found.some(({ bad }) => bad), link: ["Show the workers", "health"] });
  }

  // -- what people are told

  connection(state) {
    const pill = byId("connection");
    pill.dataset.state = state;
    byId("connection-said").textContent = LIVE[state];
    this.notice("server", null);
    this.notice("connection", state === "lost" || state === "offline" ? "The live connection is lost. What you see is what came before; what is missed will be filled in." : null,
      { bad: true, action: ["Try now", () => this.stream.retry()] });
  }

  /** Shows, changes or (text null) takes away the notice `name`. */
  notice(name, text, { bad = false, lasting = true, link = null, action = null } = {}) {
    const box = byId("notices");
    const old = box.querySelector(`[data-name="${name}"]`);
    if (text === null) return old?.remove();
    if (old && old.firstChild.textContent === text) return undefined;
    const node = h("p", { class: `notice${bad ? " bad" : ""}`, "data-name": name }, h("span", {}, text),
      link ? h("a", { href: `?view=${link[1]}`, "data-view": link[1] }, link[0]) : null,
      action ? h("button", { type: "button", class: "plain link", onclick: action[1] }, action[0]) : null);
    if (old) old.replaceWith(node);
    else box.append(node);
    if (!lasting) setTimeout(() => node.remove(), 8000);
    return undefined;
  }

  empty(title, text, button = null) {
    byId("empty").hidden = false;
    byId("empty").replaceChildren(h("h2", {}, title), h("p", { class: "faint" }, text), ...(button ? [h("button", { type: "button", onclick: button[1] }, button[0])] : []));
  }

  skeleton() {
    byId("empty").hidden = false;
    byId("empty").replaceChildren(h("div", { class: "skeleton", role: "status" }, h("span", { class: "sr" }, "Loading the events"), ...Array.from({ length: 9 }, () => h("i"))));
  }

  failed(error) {
    if (this.signIn(error)) return;
    if (error.status === 400) this.empty("These filters can't be met.", error.message, ["Clear the filters", () => this.filters.clear()]);
    else {
      this.empty("The events could not be read.", error.message, ["Try again", () => this.load()]);
      this.connection("lost");
      setTimeout(() => !this.loading && !this.store.rows.length && this.load(), 3000);
    }
  }

  signIn(error) {
    if (error.status !== 401) return false;
    location.assign(api.address("")); // there the server shows its form
    return true;
  }

  // -- hands

  wire() {
    addEventListener("popstate", () => this.filters && this.fromAddress());
    addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-view]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !this.filters) return;
      event.preventDefault();
      this.go(link.dataset.view);
    });
    byId("help").addEventListener("click", () => this.help.showModal());
    byId("theme").addEventListener("click", () => this.theme(1));
    byId("pause").addEventListener("click", () => this.hold(this.held === null));
    byId("news").addEventListener("click", () => { this.list.toTop(); byId("list").focus({ preventScroll: true }); });
    byId("filters-open").addEventListener("click", () => this.drawer(!document.body.classList.contains("filtering")));
    byId("filters-close").addEventListener("click", () => this.drawer(false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
    new ResizeObserver(() => this.list.draw()).observe(byId("list"));
  }

  drawer(open) {
    document.body.classList.toggle("filtering", open);
    byId("filters-open").setAttribute("aria-expanded", open);
    (open ? byId("filters-close") : byId("filters-open")).focus();
  }

  theme(step = 0) {
    const root = document.documentElement;
    const names = Object.keys(THEMES);
    const name = names[(Math.max(0, names.indexOf(root.dataset.theme)) + step) % names.length];
    root.dataset.theme = name;
    if (step) {
      try {
        localStorage.setItem("eventwire-theme", name);
      } catch { /* storage is closed to this page: the choice lasts as long as it is open */ }
      repaint();
    }
    byId("theme").setAttribute("aria-label", `Colours: ${THEMES[name]}`);
    byId("theme").title = byId("theme").getAttribute("aria-label");
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const { target } = event;
    if (event.key === "Escape") {
      if (document.body.classList.contains("filtering")) this.drawer(false);
      else if (target.matches("input, select") && target.id !== "list") target.blur();
      else this.closeEvent();
      return;
    }
    if (target.matches("input:not([type=checkbox], [type=radio], [type=range]), select, textarea")) return;
    const inList = target === byId("list");
    const keys = {
      j: () => this.step(1), k: () => this.step(-1),
      "/": () => { this.go("events"); byId("search").focus(); byId("search").select(); },
      f: () => this.drawer(!document.body.classList.contains("filtering")),
      p: () => this.hold(this.held === null), t: () => this.theme(1), "?": () => this.help.showModal(),
      1: () => this.go("events"), 2: () => this.go("health"), 3: () => this.go("replays"),
      ...(inList && {
        ArrowDown: () => this.step(1), ArrowUp: () => this.step(-1),
        PageDown: () => this.step(this.list.page), PageUp: () => this.step(-this.list.page),
        Home: () => this.step(-Infinity), End: () => this.step(Infinity),
        Enter: () => this.list.selected >= 0 && this.openEvent(this.store.rows[this.list.selected].id, { focus: true }),
      }),
      ...(target === document.body && { Enter: () => this.list.selected >= 0 && this.openEvent(this.store.rows[this.list.selected].id, { focus: true }) }),
    };
    if (!this.filters || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    if ((event.key === "j" || event.key === "k") && !this.detail.box.contains(target)) byId("list").focus({ preventScroll: true });
    keys[event.key]();
  }
}

new Page().start();
