/** The help dialog: how to read the page, and its keys. */

import { byId, h, icon } from "./dom.js";

const KEYS = [
  ["j, k or ↓, ↑", "next event, event before"],
  ["Enter", "open the event"],
  ["Esc", "close it; leave a field"],
  ["/", "search"],
  ["f", "filters (on a narrow screen)"],
  ["Home, End", "newest, oldest event that is loaded"],
  ["p", "hold new events back, let them in"],
  ["1, 2, 3", "events, health, replays"],
  ["t", "light or dark"],
  ["?", "this help"],
];

export function buildHelp() {
  const dialog = byId("help-dialog");
  dialog.append(
    h("header", {}, h("h2", { id: "help-title" }, "How to read this page"),
      h("button", { type: "button", class: "plain square", "aria-label": "Close the help", onclick: () => dialog.close() }, icon("close"))),
    h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Help" },
      h("p", {}, "Each row is one event of one news article: what happened, who took part in which role, the words it was read from, and how sure the system is. Open a row to see the words in their article."),
      h("p", {}, "“How sure” is a calibrated probability: of 100 events with 76%, about 76 are right in type and words. It says nothing about roles, status and time."),
      h("p", {}, h("span", { class: "tag" }, "updated"), " and ", h("span", { class: "tag", "data-action": "delete" }, "retracted"), " mark events that a newer version of the article changed, or no longer tells."),
      h("h3", {}, "Keys"),
      h("dl", { class: "keys-list" }, KEYS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)))),
      h("p", { class: "faint" }, "The same events for programs: ", h("a", { href: "openapi.json" }, "the HTTP API's description"), ".")),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });
  return dialog;
}
