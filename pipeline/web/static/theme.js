// Runs before the first paint, so that no page flashes in the wrong colours. Not a module: modules come too late.
try {
  document.documentElement.dataset.theme = localStorage.getItem("eventwire-theme") || "auto";
} catch {
  document.documentElement.dataset.theme = "auto"; // storage is closed to this page
}
