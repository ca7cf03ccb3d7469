/** The page's keys. Letters in a field stay letters. */

import { byId } from "./dom.js";

const FIELDS = "input:not([type=checkbox], [type=radio], [type=range]), select, textarea";

/** Answers keys with the page's own methods. */
export function listen(page) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.help.open || !page.filters) return;
    const { target } = event;
    if (event.key === "Escape") {
      if (document.body.classList.contains("filtering")) page.drawer(false);
      else if (target.matches("input, select")) target.blur();
      else page.closeEvent();
      return;
    }
    if (target.matches(FIELDS)) return;
    const inList = target === byId("list");
    const answers = {
      ...everywhere(page),
      ...(inList && inTheList(page)),
      ...((inList || target === document.body) && { Enter: () => page.openSelected() }),
    };
    if (!Object.hasOwn(answers, event.key)) return;
    event.preventDefault();
    if ((event.key === "j" || event.key === "k") && !byId("detail").contains(target)) byId("list").focus({ preventScroll: true });
    answers[event.key]();
  });
}

function everywhere(page) {
  return {
    j: () => page.step(1),
    k: () => page.step(-1),
    "/": () => {
      page.go("events");
      byId("search").focus();
      byId("search").select();
    },
    f: () => page.drawer(!document.body.classList.contains("filtering")),
    p: () => page.feed.pause(),
    t: () => page.theme(1),
    "?": () => page.help.showModal(),
    1: () => page.go("events"),
    2: () => page.go("health"),
    3: () => page.go("replays"),
  };
}

function inTheList(page) {
  const { list } = page.feed;
  return {
    ArrowDown: () => page.step(1),
    ArrowUp: () => page.step(-1),
    PageDown: () => page.step(list.page),
    PageUp: () => page.step(-list.page),
    Home: () => page.step(-Infinity),
    End: () => page.step(Infinity),
  };
}
