"""A real Apache Kafka broker of one node (KRaft), for tests and for a developer: `python -m tests.kafka.broker`.

About 3 s from nothing to ready and 145 MB. The properties and flags are measured ones: small heaps, one partition of
offsets, group members that join at once, and a registration that expires after 3 s, so that a broker that was killed
comes back in 4.5 s (11.5 s by default).
"""

import argparse
import base64
import ctypes
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

from tests.kafka.certificates import Certificates, make_certificates
from tests.kafka.runtime import KAFKA_VERSION, class_path, java

USERNAME, PASSWORD = "app", "s3cret"
START_SECONDS = 60.0

_FLAGS = [
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.awt.headless=true",
    "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
]

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller}{secured_listener}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain}{secured_advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=250
"""

_SECURED_PROPERTIES = """\
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.ssl.keystore.type=PEM
listener.name.sasl_ssl.ssl.keystore.location={server}
"""


class BrokerFailed(Exception):
    """The broker did not come up; the text ends with the end of its log."""


class Broker:
    """One broker in `folder`, its ports the same over every stop, kill and start.

    `bootstrap` is the plain listener's address. With `secured`, `secured_bootstrap` speaks SASL_SSL with SCRAM-SHA-512
    to `USERNAME` and `PASSWORD`, and `certificates` names the authority (needs openssl, else `Unavailable`).
    The broker dies with this process, however that ends.
    """

    def __init__(self, folder: Path, *, port: int | None = None, secured: bool = False) -> None:
        self.folder = folder
        self.log = folder / "broker.log"
        plain, controller, tls = _free_ports(3)
        self._plain = port or plain
        self.bootstrap = f"127.0.0.1:{self._plain}"
        self.secured_bootstrap = f"localhost:{tls}" if secured else None
        self.certificates: Certificates | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._java = [str(java()), *_FLAGS, "-cp", os.pathsep.join(map(str, class_path()))]
        folder.mkdir(parents=True, exist_ok=True)
        text = _PROPERTIES.format(
            plain=self._plain,
            controller=controller,
            data=folder / "data",
            secured_listener=f",SASL_SSL://127.0.0.1:{tls}" if secured else "",
            secured_advertised=f",SASL_SSL://localhost:{tls}" if secured else "",
        )
        if secured:
            self.certificates = make_certificates(folder / "certificates")
            text += _SECURED_PROPERTIES.format(server=self.certificates.server)
        self._properties = folder / "server.properties"
        self._properties.write_text(text)

    def start(self) -> None:
        """Format the data folder on first use, start, and return when the broker answers. Raises `BrokerFailed`."""
        if self.running:
            return
        if not (self.folder / "data" / "meta.properties").is_file():
            self._format()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._java, "kafka.Kafka", str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us: we stop the broker in order
                preexec_fn=die_with_parent,
            )
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self._plain):
            code = self._process.poll()
            if code is not None:
                raise BrokerFailed(f"the broker ended with code {code} while starting.\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise BrokerFailed(f"the broker did not answer within {START_SECONDS:.0f} s.\n{self.log_tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in order (SIGTERM); kill it if that takes over 30 s. All data stays."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """SIGKILL. What was acknowledged stays (the page cache survives a process)."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the running broker."""
        assert self._process is not None, "the broker isn't running"
        return self._process.pid

    def pause(self) -> None:
        """Freeze the process (SIGSTOP): connections stay open and nothing answers."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of the broker's log."""
        if not self.log.is_file():
            return "(no broker log)"
        text = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join([f"--- the end of {self.log}", *text])

    def _format(self) -> None:
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._properties)]
        if self.certificates is not None:
            command += ["--add-scram", f"SCRAM-SHA-512=[name={USERNAME},password={PASSWORD}]"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
        if done.returncode:
            raise BrokerFailed(f"could not format the data folder:\n{done.stdout}{done.stderr}")


def _cluster_id() -> str:
    """22 characters of url-safe base64; a leading dash would read as an option."""
    while True:
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not name.startswith("-"):
            return name


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, below the range the kernel takes for outgoing connections.

    Inside that range a client that keeps calling a broker that is down may be given the broker's own port, and is
    then connected to itself, or in the broker's way when it comes back.
    """
    chosen: list[int] = []
    dice = random.SystemRandom()
    while len(chosen) < count:
        port = dice.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in chosen:
            chosen.append(port)
    return chosen


def _answers(port: int) -> bool:
    """Whether a broker there answers ApiVersions (version 0): it does so before it knows any topic, but when ready."""
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            return len(connection.recv(10)) == 10
    except OSError:
        return False


def die_with_parent() -> None:
    """Runs in the child before Java: a test run that is killed must not leave a broker behind (Linux only)."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Run a broker until Ctrl-C: on 9092, where `eventwire` looks for it by default, if that port is free."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.broker", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9092, help="port of the plain listener (default 9092)")
    parser.add_argument("--folder", type=Path, help="keep the data here (default: a temporary folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="eventwire-kafka-"))
    print(f"Starting Apache Kafka {KAFKA_VERSION} (the first time, its jars are fetched: about 20 s) ...", flush=True)
    broker = Broker(folder.resolve(), port=options.port)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        broker.start()
        print(f"Kafka listens on {broker.bootstrap} (log: {broker.log}). Ctrl-C ends it.", flush=True)
        print(f"  export EVENTWIRE_BROKERS={broker.bootstrap}\n  eventwire topics create --replication 1", flush=True)
        while broker.running and not ended.wait(0.5):
            pass
        if not broker.running:
            raise SystemExit(f"the broker ended by itself.\n{broker.log_tail()}")
    except BrokerFailed as error:
        raise SystemExit(str(error)) from None
    finally:
        broker.stop()
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
