/**
 * The live stream: one EventSource, kept alive, with a state that people can see.
 *
 * States: `connecting` (first time), `live`, `lost` (trying again), `offline` (the browser has no network).
 * The browser resumes by itself after a broken connection; where it gives up (an error status, a silent line), a new
 * EventSource starts after the last id seen. Either way the server sends what was missed, or says `gap`.
 */

import { address } from "./api.js";

const SILENT_MS = 35_000; // two pings and a little
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;
const FLUSH_MS = 150; // events are handed over in batches: a burst costs one redraw

export class Stream {
  #source = null;
  #running = false;
  #filters = {};
  #last = "";
  #waiting = [];
  #flush = 0;
  #retry = 0;
  #silent = 0;
  #wait = FIRST_WAIT_MS;
  #state = "";

  /**
   * `onEvents(list)`: in the order they came. `onGap(missed)`: read the list again. `onState(state)`. `onWorkers()`: one
   * came, or is in another state.
   */
  constructor(handlers) {
    this.handlers = handlers;
    addEventListener("online", () => this.#running && this.#open());
  }

  /** Follows what `filters` let through, from behind `after`. A stream that ran before ends. */
  start(filters, after) {
    this.stop();
    this.#filters = filters;
    this.#last = after;
    this.#running = true;
    if (!this.#state) this.#tell("connecting");
    this.#open();
  }

  /** What has come and was not handed over is dropped: its list is read anew. */
  stop() {
    this.#running = false;
    this.#close();
    clearTimeout(this.#flush);
    this.#flush = 0;
    this.#waiting = [];
  }

  /** Tries at once, however long the wait. */
  retry() {
    this.#wait = FIRST_WAIT_MS;
    this.#open();
  }

  #open() {
    this.#close();
    const source = new EventSource(address("events/stream", { ...this.#filters, after: this.#last }));
    this.#source = source;
    this.#heard();
    source.onopen = () => {
      this.#wait = FIRST_WAIT_MS;
      this.#heard();
      this.#tell("live");
    };
    source.onmessage = (message) => {
      this.#heard(message);
      this.#take(message.data);
    };
    source.addEventListener("ping", (message) => this.#heard(message));
    source.addEventListener("workers", (message) => {
      this.#heard(message);
      this.handlers.onWorkers();
    });
    source.addEventListener("gap", (message) => {
      this.#heard(message);
      this.#hand();
      this.handlers.onGap(JSON.parse(message.data).missed ?? null);
    });
    source.onerror = () => {
      this.#tell(navigator.onLine ? "lost" : "offline");
      if (source.readyState === EventSource.CLOSED) this.#later();
    };
  }

  #close() {
    clearTimeout(this.#retry);
    clearTimeout(this.#silent);
    this.#source?.close();
    this.#source = null;
  }

  #later() {
    this.#close();
    this.#retry = setTimeout(() => this.#open(), this.#wait * (0.8 + 0.4 * Math.random()));
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }

  #heard(message) {
    if (message) this.#tell("live");
    if (message?.lastEventId) this.#last = message.lastEventId;
    clearTimeout(this.#silent);
    this.#silent = setTimeout(() => {
      this.#tell("lost");
      this.#later();
    }, SILENT_MS);
  }

  #take(data) {
    this.#waiting.push(JSON.parse(data));
    if (!this.#flush) this.#flush = setTimeout(() => this.#hand(), FLUSH_MS);
  }

  #hand() {
    clearTimeout(this.#flush);
    this.#flush = 0;
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length) this.handlers.onEvents(batch);
  }

  #tell(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.handlers.onState(state);
  }
}
