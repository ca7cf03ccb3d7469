/** An article's text with what was read in it marked: evidence, trigger, roles, amounts, dates, names, boilerplate. */

import { h } from "./dom.js";
import { cut, harmless, line, pieces } from "./marks.js";
import { amountValue, dateWords, direction, roleLabel } from "./words.js";

const KINDS = { ad: "advertising", teaser: "a teaser", newsletter: "a newsletter", cookie: "a cookie notice", disclaimer: "a disclaimer",
  related: "related links", byline: "a byline", caption: "a caption", share: "share buttons",
  repeated: "a block that the source repeats" };

/** The spans of one event: what its highlights are made of. */
export function eventSpans(event) {
  return [
    ...event.evidence.map(({ start, end }) => ({ start, end, kind: "evidence" })),
    ...event.amounts.map((amount) => ({ start: amount.start, end: amount.end, kind: "amount", said: amountValue(amount) })),
    ...(event.event_date ? [{ ...event.event_date, kind: "date", said: dateWords(event.event_date.date) }] : []),
    ...event.participants.map((who) => ({
      start: who.start, end: who.end, kind: "role", role: roleLabel(who.role), said: who.name && who.name !== who.text ? line(who.name) : "",
    })),
    { start: event.trigger.start, end: event.trigger.end, kind: "trigger" },
  ];
}

/** Whether all words of the event stand in the text where the event says. Not so once the article was changed. */
export function holds(text, event) {
  return [...event.evidence, event.trigger, ...event.participants].every(
    (quote) => cut(text, quote.start, quote.end) === quote.text,
  );
}

/** A quote of the event, its highlights inside. */
export function quote(part, event) {
  const spans = eventSpans(event)
    .filter((span) => span.kind !== "evidence" && span.start >= part.start && span.end <= part.end)
    .map((span) => ({ ...span, start: span.start - part.start, end: span.end - part.start }));
  const { language } = event.article;
  return h("blockquote", { lang: language, dir: direction(language) }, marked(part.text, spans));
}

/** The article's text; `event`: the one whose words are marked, or null. */
export function text(article, event) {
  const title = article.title && article.text.startsWith(article.title) ? [{ start: 0, end: [...article.title].length, kind: "title" }] : [];
  const spans = [
    ...title,
    ...article.boilerplate.map((part) => ({ ...part, kind: "boilerplate", said: `Not news: ${KINDS[part.kind] ?? part.kind}` })),
    ...article.entities.map((entity) => ({ start: entity.start, end: entity.end, kind: "entity", said: `${line(entity.name)} (${entity.label})` })),
    ...(event ? eventSpans(event) : []),
  ];
  const { code } = article.language;
  const rtl = ["Arab", "Hebr", "Syrc", "Thaa"].includes(article.language.script);
  return h("div", { class: "text", lang: code === "und" ? "" : code, dir: rtl ? "rtl" : "auto" }, marked(article.text, spans));
}

function marked(whole, spans) {
  return pieces(whole, spans).map((piece) => {
    if (!piece.marks.length) return document.createTextNode(harmless(piece.text));
    const kinds = new Set(piece.marks.map((mark) => mark.kind));
    if (kinds.has("role")) kinds.delete("entity");
    const role = piece.marks.find((mark) => mark.kind === "role");
    const last = piece.marks.filter((mark) => mark.kind === "role" && mark.end === piece.end).map((mark) => mark.role);
    const said = piece.marks.map((mark) => mark.said).filter(Boolean).at(-1);
    const tag = kinds.has("evidence") || kinds.has("trigger") || kinds.has("role") ? "mark" : "span";
    return h(
      tag,
      {
        class: [...kinds].map((kind) => `m-${kind}`).join(" "),
        title: said || null,
        "data-role": [...new Set(last)].join(", ") || null,
        "data-span": role ? `${role.start}-${role.end}` : null,
      },
      harmless(piece.text),
    );
  });
}
