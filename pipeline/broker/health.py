"""The worker's own small HTTP server: `/metrics` for Prometheus, `/healthz` and `/readyz` for an orchestrator."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from pipeline.errors import SettingsError

# None: fine. Else what is wrong, in a few words.
Check = Callable[[], str | None]


def serve(host: str, port: int, *, healthy: Check, ready: Check) -> int:
    """Answer on `host:port` (0: any free port) from threads that end with the process; returns the port.

    Raises `SettingsError` when the address can't be had.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path in ("/healthz", "/readyz"):
                trouble = healthy() if path == "/healthz" else ready()
                self._answer(503 if trouble else 200, f"{trouble or 'ok'}\n".encode(), "text/plain; charset=utf-8")
            else:
                self._answer(404, b"see /metrics, /healthz and /readyz\n", "text/plain; charset=utf-8")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a probe every few seconds is no news."""

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"Can't serve the metrics on {host}:{port}: {error}. "
            "Choose another place: EVENTWIRE_METRICS_HOST, EVENTWIRE_METRICS_PORT (0: any free port)."
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return int(server.server_address[1])
