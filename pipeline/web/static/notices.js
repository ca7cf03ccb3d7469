/** What people are told: strips over the views, and what stands in place of a list that is empty, loading or broken. */

import { byId, h } from "./dom.js";

const SHOWN_MS = 8000;

/** Shows, changes or (`text` null) takes away the notice `name`. `link`: [words, view]; `action`: [words, call]. */
export function notice(name, text, { bad = false, lasting = true, link = null, action = null } = {}) {
  const box = byId("notices");
  const old = box.querySelector(`[data-name="${name}"]`);
  if (text === null) {
    old?.remove();
    return;
  }
  if (old?.firstChild.textContent === text) return;
  const node = h("p", { class: `notice${bad ? " bad" : ""}`, "data-name": name }, h("span", {}, text),
    link ? h("a", { href: `?view=${link[1]}`, "data-view": link[1] }, link[0]) : null,
    action ? h("button", { type: "button", class: "plain link", onclick: action[1] }, action[0]) : null);
  if (old) old.replaceWith(node);
  else box.append(node);
  if (!lasting) setTimeout(() => node.remove(), SHOWN_MS);
}

/** In place of the list. `action`: [words, call]. */
export function empty(title, text, action = null) {
  byId("empty").hidden = false;
  byId("empty").replaceChildren(h("h2", {}, title), h("p", { class: "faint" }, text),
    ...(action ? [h("button", { type: "button", onclick: action[1] }, action[0])] : []));
}

export function skeleton() {
  byId("empty").hidden = false;
  byId("empty").replaceChildren(
    h("div", { class: "skeleton", role: "status" }, h("span", { class: "sr" }, "Loading the events"), ...Array.from({ length: 9 }, () => h("i"))),
  );
}
