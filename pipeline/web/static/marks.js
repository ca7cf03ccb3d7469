/**
 * Marked text. Records count Unicode code points, JavaScript counts UTF-16 units: an emoji before a name would push
 * its highlight by one. All counting is done here.
 */

/**
 * `text` in pieces, in order, none empty, none missing: `[{text, end, marks}]`. `marks`: those of `spans`
 * (`{start, end, …}`, code points, end exclusive) that cover the piece; `end`: where it ends, in code points.
 * Spans outside the text are cut off, empty ones ignored.
 */
export function pieces(text, spans) {
  const wanted = spans.filter((span) => span.end > span.start && span.end > 0);
  const cuts = [...new Set([0, ...wanted.flatMap((span) => [Math.max(0, span.start), span.end])])].sort((a, b) => a - b);
  const units = toUnits(text, cuts);
  const length = units.length;
  const found = [];
  for (let i = 0; i < cuts.length; i++) {
    const from = units.at[i];
    const to = i + 1 < cuts.length ? units.at[i + 1] : text.length;
    if (to <= from) continue;
    const marks = wanted.filter((span) => span.start <= cuts[i] && cuts[i] < span.end);
    found.push({ text: text.slice(from, to), end: Math.min(cuts[i + 1] ?? length, length), marks });
  }
  return found;
}

/** The UTF-16 indices of code point positions (sorted), and the text's length in code points. */
function toUnits(text, positions) {
  const at = [];
  let point = 0;
  let unit = 0;
  for (const position of positions) {
    while (point < position && unit < text.length) {
      unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
      point += 1;
    }
    at.push(unit);
  }
  while (unit < text.length) {
    unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
    point += 1;
  }
  return { at, length: point };
}

/** `text[start:end]` as Python would cut it. */
export function cut(text, start, end) {
  const units = toUnits(text, [Math.max(0, start), Math.max(0, end)]);
  return text.slice(units.at[0], units.at[1]);
}

/**
 * The quote that holds the trigger, in three: `{before, trigger, after}`. Long ones begin near the trigger, so that it
 * is among the first `room` characters.
 */
export function quoteAround(event, room = 90) {
  const { trigger } = event;
  const quote = event.evidence.find((part) => part.start <= trigger.start && trigger.end <= part.end);
  if (!quote) return { before: "", trigger: trigger.text, after: "" };
  const low = trigger.start - quote.start;
  let before = cut(quote.text, 0, low);
  const after = cut(quote.text, low + (trigger.end - trigger.start), Infinity);
  if (before.length > room) {
    const tail = [...before].slice(-room).join("");
    const word = tail.search(/\s/u);
    before = `… ${word >= 0 && word < room / 2 ? tail.slice(word + 1) : tail}`;
  }
  return { before, trigger: trigger.text, after };
}

// What could command a terminal or turn a line around; not the joiners and marks that real scripts need.
const COMMANDS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]/g;

/** One line of harmless text: breaks as spaces, controls as their code points. */
export function line(text) {
  return String(text ?? "").replace(/\s+/gu, " ").replace(COMMANDS, codePoint);
}

/** The same for a text that keeps its lines. */
export function harmless(text) {
  return text.replace(COMMANDS, codePoint);
}

function codePoint(char) {
  return `<U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;
}
