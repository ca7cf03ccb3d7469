/** The server's HTTP API. Addresses are relative to the page's folder, so that it works behind a proxy's prefix. */

const ROOT = new URL("../", import.meta.url);

/** What went wrong, in the server's words. `status`: 0 if it could not be reached. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** An address: `parameters` is a plain object; lists repeat, empty values are left out. */
export function address(path, parameters = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") url.searchParams.append(name, one);
    }
  }
  return url;
}

/** The answer of `GET path`. Raises `ApiError`, or an AbortError if `signal` was raised first. */
export async function get(path, parameters = {}, { signal } = {}) {
  let answer;
  try {
    answer = await fetch(address(path, parameters), { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The server can't be reached. Is `eventwire dashboard` still running?");
  }
  if (answer.ok) return answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, problem.detail ?? `The server answered ${answer.status}.`);
}

export const events = (filters, cursor, limit, options) =>
  get("events", { ...filters, deleted: true, cursor, limit }, options);
export const event = (id, options) => get(`events/${encodeURIComponent(id)}`, {}, options);
export const article = (id, options) => get(`articles/${encodeURIComponent(id)}`, {}, options);
export const stats = (parameters, options) => get("stats", parameters, options);
export const history = () => get("stats/history");
export const taxonomy = () => get("taxonomy");
export const replays = () => get("replays");
export const diff = (a, b, options) => get(`replays/${encodeURIComponent(a)}/diff/${encodeURIComponent(b)}`, {}, options);
