/** Values in words: types, languages, amounts, dates, times, and what a confidence means. */

const names = { classes: new Map(), types: new Map(), roles: new Map(), statuses: new Map(), languages: new Map() };

/** Takes the server's vocabulary (`GET /taxonomy`). Before, and for names that it lacks, names are spelt out. */
export function learn(taxonomy) {
  for (const [kind, map] of Object.entries(names)) {
    for (const item of taxonomy[kind] ?? []) map.set(item.name, item);
  }
}

export const classLabel = (name) => names.classes.get(name)?.label ?? spell(name);
export const typeLabel = (name) => names.types.get(name)?.label ?? spell(name.slice(name.indexOf(".") + 1));
export const typeDefinition = (name) => names.types.get(name)?.definition ?? "";
export const roleLabel = (name) => (names.roles.get(name)?.label ?? spell(name)).toLowerCase();
export const statusLabel = (name) => (names.statuses.get(name)?.label ?? spell(name)).toLowerCase();

function spell(name) {
  const words = String(name).replaceAll("_", " ").replaceAll(".", ": ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const languageNames = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });

export function languageLabel(code) {
  if (!code || code === "und") return "Unknown language";
  if (names.languages.has(code)) return names.languages.get(code).label;
  try {
    return languageNames.of(code) ?? code;
  } catch {
    return code; // not a language tag at all
  }
}

export const NUMBER = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** 12,345 or, from a million on, 1.23 million. */
export function count(number) {
  return number < 1e6 ? NUMBER.format(number) : `${SHORT.format(number / 1e6)} million`;
}

/** A decimal string with its digits grouped: exact however long it is. */
export function grouped(decimal) {
  const [whole, rest] = decimal.split(".");
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? digits : `${digits}.${rest}`;
}

const UNITS = { percent: "%", percentage_points: "percentage points", basis_points: "basis points" };

/** An amount as the system understood it: "≈ 69,000,000,000 USD", "3.5 to 4 %"; "" if it understood no number. */
export function amountValue(amount) {
  const unit = UNITS[amount.unit] ?? amount.unit ?? "";
  const number =
    amount.value !== undefined ? grouped(amount.value)
    : amount.low !== undefined && amount.high !== undefined ? `${grouped(amount.low)} to ${grouped(amount.high)}`
    : amount.low !== undefined ? `at least ${grouped(amount.low)}`
    : amount.high !== undefined ? `at most ${grouped(amount.high)}`
    : "";
  if (!number) return "";
  return `${amount.approximate ? "≈ " : ""}${number}${unit ? ` ${unit}` : ""}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

/** A normalised date in words: "13 October 2023", "October 2023", "Q4 2025", "week 40 of 2025", and intervals. */
export function dateWords(value) {
  return value.split("/").map(oneDate).join(" to ");
}

function oneDate(value) {
  const quarter = /^(\d{4})-Q([1-4])$/.exec(value);
  if (quarter) return `Q${quarter[2]} ${quarter[1]}`;
  const week = /^(\d{4})-W(\d\d)$/.exec(value);
  if (week) return `week ${Number(week[2])} of ${week[1]}`;
  if (/^\d{4}$/.test(value)) return value;
  const time = new Date(/^\d{4}-\d\d$/.test(value) ? `${value}-01T00:00:00Z` : `${value}T00:00:00Z`);
  if (Number.isNaN(time.getTime())) return value;
  return (/^\d{4}-\d\d$/.test(value) ? MONTH : DAY).format(time);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const LONG_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

/** Two short lines for a column: today the clock, else day and clock. `time`: milliseconds, NaN if unknown. */
export function whenWords(time, now = Date.now()) {
  if (Number.isNaN(time)) return ["", ""];
  const date = new Date(time);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return [CLOCK.format(date), "today"];
  if (date.getFullYear() === today.getFullYear()) return [SHORT_DAY.format(date), MINUTE.format(date)];
  return [SHORT_DAY.format(date), String(date.getFullYear())];
}

export const dayWords = (time) => (Number.isNaN(time) ? "" : LONG_DAY.format(new Date(time)));
export const fullTime = (time) => (Number.isNaN(time) ? "unknown" : FULL.format(new Date(time)));

/** A length of time: "0.4 s", "12 s", "3 min", "5 h", "2 days". */
export function span(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "unknown";
  if (seconds <= 0) return "0 s";
  if (seconds < 10) return `${seconds < 0.095 ? seconds.toFixed(2) : seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** A rate: "12.3", "0.04", "0". */
export function rate(perSecond) {
  if (perSecond === 0) return "0";
  return perSecond < 10 ? perSecond.toFixed(perSecond < 1 ? 2 : 1) : count(Math.round(perSecond));
}

/** How sure, in a word. The steps are wide on purpose: the number is the truth. */
export function sureWord(confidence) {
  if (confidence >= 0.85) return "very likely";
  if (confidence >= 0.65) return "likely";
  if (confidence >= 0.45) return "uncertain";
  return "doubtful";
}

export const percent = (share) => `${Math.round(share * 100)}%`;

const RTL = new Set(["ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv", "ckb"]);
export const direction = (code) => (RTL.has(code) ? "rtl" : "auto");
