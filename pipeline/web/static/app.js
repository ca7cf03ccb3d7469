/** The page: puts the parts together and keeps the address. */

import * as api from "./api.js";
import { Chart, repaint } from "./charts.js";
import { Detail } from "./detail.js";
import { byId, h } from "./dom.js";
import { Feed } from "./feed.js";
import { Filters } from "./filters.js";
import { Health, classSeries, troubles } from "./health.js";
import { buildHelp } from "./help.js";
import { listen } from "./keys.js";
import { empty, notice } from "./notices.js";
import { Replays } from "./replays.js";
import { count, learn } from "./words.js";

const POLL_MS = 5_000;
const WAIT_MS = 2_000;
const TOLD = 3; // troubles in the strip over the views
const VIEWS = ["events", "health", "replays"];
const THEMES = { auto: "like the system", light: "light", dark: "dark" };

class Page {
  view = "events";
  #clock = null; // of the charts; null: chosen by the source
  #stats = null;
  #polling = false;
  #again = false;
  #loaded = false;

  async start() {
    this.help = buildHelp();
    this.detail = new Detail({
      onClose: () => this.closeEvent(),
      onStep: (step) => this.step(step),
      onOpen: (id) => this.openEvent(id),
      onEntity: (name) => this.filters.only("entity", name),
      before: (id) => this.feed.store.get(id)?.before,
    });
    this.feed = new Feed({
      onOpen: (row) => this.openEvent(row.id),
      onLoaded: () => this.detail.id && this.feed.list.selectId(this.detail.id),
      onTouched: (ids) => ids.has(this.detail.id) && this.detail.refresh(),
      onNames: (names) => this.filters.suggest(names),
      onClear: () => this.filters.clear(),
      onWorkers: () => this.poll(),
      onRefused: (error) => this.signIn(error),
    });
    this.strip = new Chart(byId("strip"), {
      title: "Events over time", kind: "stack", height: 84, plain: true,
      label: ({ series }) => `Events over time by class: ${series.map(({ label, values }) => `${label} ${count(values.reduce((a, b) => a + b, 0))}`).join(", ")}`,
    });
    this.#wire();
    this.theme();
    this.show(new URLSearchParams(location.search).get("view"));
    const taxonomy = await this.#vocabulary();
    learn(taxonomy);
    this.order = taxonomy.classes.map(({ name }) => name);
    this.filters = new Filters(taxonomy, ({ typing }) => {
      this.remember({ replace: typing });
      this.feed.load(this.filters.parameters);
      this.poll();
    });
    this.health = new Health(this.order, { onClock: (clock) => { this.#clock = clock; this.poll(); } });
    this.replays = new Replays({ onPair: (pair) => { this.remember({ pair }); this.replays.open(pair); } });
    this.#fromAddress();
    this.poll();
    setInterval(() => this.poll(), POLL_MS);
  }

  /** The server's vocabulary; waits for a server that isn't up yet. */
  async #vocabulary() {
    for (;;) {
      try {
        return await api.taxonomy();
      } catch (error) {
        if (this.signIn(error)) return new Promise(() => {});
        this.feed.connection("lost");
        empty(error.message, "The page tries again by itself.");
        await new Promise((done) => { setTimeout(done, WAIT_MS); });
      }
    }
  }

  // -- the address

  #fromAddress() {
    const parameters = new URLSearchParams(location.search);
    const before = JSON.stringify(this.filters.parameters);
    this.filters.read(parameters);
    this.show(parameters.get("view"));
    if (!this.#loaded || before !== JSON.stringify(this.filters.parameters)) {
      this.feed.load(this.filters.parameters);
      if (this.#loaded) this.poll();
    }
    this.#loaded = true;
    const id = parameters.get("event");
    if (id) this.openEvent(id, { remember: false });
    else this.closeEvent({ remember: false });
    if (this.view === "replays") this.replays.open([parameters.get("a") ?? "", parameters.get("b") ?? ""]);
  }

  remember({ replace = false, pair = null } = {}) {
    const url = new URL(location.href);
    const { searchParams: old } = url;
    const [a, b] = pair ?? (this.view === "replays" ? [old.get("a"), old.get("b")] : []);
    url.search = api.address("", {
      view: this.view === "events" ? null : this.view,
      ...this.filters.parameters,
      event: this.view === "events" ? this.detail.id : null,
      a, b,
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
    this.feed.list.draw();
    if (this.view === "health") {
      this.health?.draw();
      this.poll();
    }
  }

  go(view) {
    this.show(view);
    this.remember();
    if (this.view === "replays") this.replays.open(["", ""]);
  }

  // -- one event

  openEvent(id, { focus = false, remember = true } = {}) {
    const replace = this.detail.id !== null; // one step of Back leads to the list, however many were looked at
    this.show("events");
    this.detail.open(id, { focus });
    this.feed.list.selectId(id, { reveal: !remember });
    if (remember) this.remember({ replace });
  }

  openSelected() {
    const row = this.feed.rows[this.feed.list.selected];
    if (row) this.openEvent(row.id, { focus: true });
  }

  closeEvent({ remember = true } = {}) {
    if (!this.detail.id) return;
    this.detail.close();
    if (!remember) return;
    this.remember();
    byId("list").focus({ preventScroll: true });
  }

  step(step) {
    const { list, rows } = this.feed;
    list.move(step);
    if (this.detail.id && rows[list.selected]) this.openEvent(rows[list.selected].id);
  }

  // -- how the system does

  async poll() {
    if (this.#polling) this.#again = true;
    if (this.#polling || !this.filters) return;
    this.#polling = true;
    do {
      this.#again = false;
      try {
        const clock = this.#clock ?? this.#stats?.clock ?? "written";
        const [all, these, history] = await Promise.all([
          api.stats({ clock }),
          this.filters.active ? api.stats({ ...this.filters.parameters, clock }) : null,
          this.view === "health" ? api.history() : null,
        ]);
        this.#takeStats(all, these ?? all, history);
      } catch (error) {
        // Wrong filters and a lost connection are told elsewhere.
        const told = error.status === 400 || !this.feed.live;
        if (!this.signIn(error) && !told) notice("server", error.message, { bad: true });
      }
    } while (this.#again);
    this.#polling = false;
  }

  #takeStats(all, these, history) {
    // A folder was mostly written in a minute: when its articles were published says more.
    const apart = Date.parse(all.window.newest ?? "") - Date.parse(all.window.oldest ?? "");
    const clock = all.source.kind === "directory" && !(apart > 600_000) ? "published" : "written";
    if (!this.#stats && clock !== "written") this.#again = true;
    this.#stats = { clock };
    notice("server", null);
    byId("place").textContent = all.source.kind === "kafka" ? `Kafka ${all.source.name}` : all.source.name;
    byId("place").title = byId("place").textContent;
    this.filters.count(all.events);
    this.health.take(all, history);
    this.strip.set(classSeries(these.over_time, this.order));
    const { total } = these.events;
    byId("found").textContent = this.filters.active ? `${count(total)} of ${count(all.events.total)} events` : `${count(total)} event${total === 1 ? "" : "s"}`;
    this.#drawWorkers(all);
  }

  #drawWorkers(stats) {
    const states = stats.workers.map(({ state }) => state);
    const lost = states.filter((state) => state !== "alive").length;
    const dead = states.filter((state) => state === "dead").length;
    const pill = byId("workers");
    pill.hidden = !states.length;
    pill.dataset.state = dead ? "dead" : lost ? "stalled" : "alive";
    pill.replaceChildren(h("span", { class: "lamp" }),
      lost ? `${lost} of ${states.length} workers ${dead === lost ? "dead" : "not well"}` : `${states.length} worker${states.length === 1 ? "" : "s"}`);
    const found = troubles(stats);
    const more = found.length > TOLD ? ` And ${found.length - TOLD} more.` : "";
    notice("health", found.length ? found.slice(0, TOLD).map(({ text }) => text).join(" ") + more : null,
      { bad: found.some(({ bad }) => bad), link: ["Show the workers", "health"] });
  }

  /** Whether the server wants a token first: it shows its form then. */
  signIn(error) {
    if (error.status !== 401) return false;
    location.assign(api.address(""));
    return true;
  }

  // -- hands

  #wire() {
    listen(this);
    addEventListener("popstate", () => this.filters && this.#fromAddress());
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-view]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !this.filters) return;
      event.preventDefault();
      this.go(link.dataset.view);
    });
    byId("help").addEventListener("click", () => this.help.showModal());
    byId("theme").addEventListener("click", () => this.theme(1));
    byId("filters-open").addEventListener("click", () => this.drawer(!document.body.classList.contains("filtering")));
    byId("filters-close").addEventListener("click", () => this.drawer(false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
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
}

new Page().start();
