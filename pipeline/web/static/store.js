/**
 * The rows of the list, newest first, each `event_id` once and as it is now. A row is a small summary: 100,000 of them
 * have to fit; the whole event is fetched when it is opened.
 */

import { amountValue } from "./words.js";
import { line, quoteAround } from "./marks.js";

const MOST = 120_000; // rows kept; more live ones push out the oldest

export class Store {
  rows = [];
  cut = false; // whether old rows were pushed out
  #byId = new Map();

  get(id) {
    return this.#byId.get(id);
  }

  clear() {
    this.rows = [];
    this.cut = false;
    this.#byId.clear();
  }

  /** Adds a page of older events, newest first. What is there already is newer, and stays. */
  append(events) {
    for (const event of events) {
      if (this.#byId.has(event.event_id)) continue;
      const row = toRow(event);
      this.#byId.set(row.id, row);
      this.rows.push(row);
    }
  }

  /**
   * Takes live events, in the order they came. Returns `{above, touched}`: how many rows came to stand on top, and the
   * ids of rows whose content changed. An event that comes twice changes nothing.
   */
  take(events) {
    const moved = new Set();
    const fresh = [];
    const touched = new Set();
    for (const event of events) {
      const known = this.#byId.get(event.event_id);
      if (known && known.action === event.action && known.produced === event.produced_at) continue;
      const row = toRow(event);
      row.fresh = performance.now();
      touched.add(row.id);
      this.#byId.set(row.id, row);
      if (known && event.action === "add" && known.action !== "delete") {
        // Told again (a restart, a replay): the same news, in its old place.
        row.fresh = 0;
        const at = fresh.indexOf(known);
        if (at >= 0) fresh[at] = row;
        else this.rows[this.rows.indexOf(known)] = row;
        continue;
      }
      if (known) {
        row.before = known;
        known.before = undefined; // one step back is enough
        moved.add(known);
      }
      fresh.push(row);
    }
    const left = fresh.filter((row) => !moved.has(row));
    const stay = moved.size ? this.rows.filter((row) => !moved.has(row)) : this.rows;
    this.rows = left.reverse().concat(stay);
    if (this.rows.length > MOST) {
      for (const row of this.rows.splice(MOST)) this.#byId.delete(row.id);
      this.cut = true;
    }
    return { above: left.length, touched };
  }
}

/** What the list shows of an event. */
export function toRow(event) {
  const { before, trigger, after } = quoteAround(event);
  return {
    id: event.event_id,
    action: event.action,
    produced: event.produced_at,
    when: Date.parse(event.produced_at ?? event.ingested_at ?? event.article.published_at ?? ""),
    class: event.class,
    type: event.type,
    status: event.status,
    time: event.time,
    confidence: event.confidence,
    language: event.article.language,
    source: line(event.article.source ?? ""),
    title: line(event.article.title ?? ""),
    who: who(event),
    amount: amounts(event),
    quote: [line(before), line(trigger), line(after).slice(0, 280)],
    fresh: 0,
    before: undefined,
  };
}

/** Participants, those with the same name and role once. */
function who(event) {
  const seen = new Set();
  const people = [];
  for (const { name, text, role } of event.participants) {
    const shown = line(name ?? text);
    if (seen.has(`${role}|${shown}`)) continue;
    seen.add(`${role}|${shown}`);
    people.push({ name: shown, role });
  }
  return people;
}

/** The first amount that no role says already, as the article has it. */
function amounts(event) {
  const roles = event.participants.map(({ start, end }) => [start, end]);
  const rest = event.amounts.filter(
    (amount) => amountValue(amount) && !roles.some(([start, end]) => start < amount.end && amount.start < end),
  );
  return rest.length ? line(rest[0].text) : "";
}
