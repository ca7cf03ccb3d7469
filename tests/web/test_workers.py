"""Workers that are asked, over real sockets."""

import socket
import threading
import time
from collections.abc import Callable

from pipeline.broker.health import serve
from pipeline.web import workers as module
from pipeline.web.workers import Worker, Workers


def until(workers: Workers, right: Callable[[list[Worker]], bool]) -> list[Worker]:
    deadline = time.monotonic() + 60
    while not right(found := workers.report()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def test_a_worker_is_asked_again_and_again(monkeypatch: object) -> None:
    trouble: list[str] = []
    port = serve("127.0.0.1", 0, healthy=lambda: trouble[0] if trouble else None, ready=lambda: None)
    workers = Workers([f"http://127.0.0.1:{port}"])
    module_seconds = module._ASK_SECONDS
    module._ASK_SECONDS = 0.05
    try:
        workers.start()
        until(workers, lambda found: bool(found) and found[0].state == "alive")
        trouble.append("the child processes are gone")
        (dead,) = until(workers, lambda found: found[0].state == "dead")
        assert "503" in dead.detail
        assert "child processes" in dead.detail
        trouble.clear()
        until(workers, lambda found: found[0].state == "alive")
    finally:
        module._ASK_SECONDS = module_seconds
        workers.stop()


def test_strangers_on_that_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert module._ask("http://127.0.0.1:1") is not None
        assert "does not answer" in str(module._ask("http://no-such-host.invalid:1"))

        def babble() -> None:
            for answer in (b"220 smtp\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"):
                connection, _ = server.accept()
                connection.recv(1000)
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=babble)
        thread.start()
        assert "does not speak HTTP" in str(module._ask(f"http://127.0.0.1:{port}"))
        assert "302" in str(module._ask(f"http://127.0.0.1:{port}")), "a redirect is not followed"
        thread.join(10)
