"""What the archive of 10,000 articles costs. Prints, asserts nothing.

    python -m tests.bench.archive [--articles 10000]

Writing it from a broker (`eventwire archive --once`), its size, three DuckDB queries over it (docs/archive.md), and
reading all of it back. Five messages an article: the raw one, three records, one event.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from pipeline.history.archive_reader import Archive
from tests.chaos.archive_sigkill import make_topics, publish
from tests.kafka.broker import Broker

_QUERIES = {
    "events a day": "SELECT date, type, count(*) FROM '{root}/topic=*news.events.*/date=*/*.parquet' GROUP BY ALL",
    "articles a language": "SELECT language, count(*) FROM '{root}/topic=*classified/date=*/*.parquet' GROUP BY ALL",
    "into the JSON of all events": """
        SELECT event->'participants'->0->>'name' AS who, count(*), avg((event->>'confidence')::DOUBLE)
        FROM (SELECT decode(value)::JSON AS event FROM '{root}/topic=*news.events.*/date=*/*.parquet')
        GROUP BY ALL""",
    "as known then": """
        SELECT count(*) FROM (
          SELECT decode(value)::JSON AS event, timestamp, "offset"
          FROM '{root}/topic=*news.events.*/date=*/*.parquet'
          WHERE greatest((decode(value)->>'produced_at')::TIMESTAMPTZ, ingested_at) <= TIMESTAMPTZ '2026-01-15 00:00Z'
          QUALIFY row_number() OVER (PARTITION BY event->>'event_id' ORDER BY timestamp DESC, "offset" DESC) = 1
        ) WHERE event->>'action' <> 'delete'""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "archive"
        broker = Broker(Path(folder) / "kafka")
        broker.start()
        try:
            settings = make_topics(broker)
            publish(settings, range(options.articles), days=options.days)
            command = [sys.executable, "-m", "pipeline.cli.main", "archive", str(root), "--once", "--quiet"]
            command += ["--brokers", settings.brokers, "--topic-prefix", settings.topic_prefix]
            started = time.perf_counter()
            subprocess.run(command, check=True)
            seconds = time.perf_counter() - started
            memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        finally:
            broker.stop()
        archive = Archive(root)
        rows = archive.rows()
        sizes = [path.stat().st_size for path in root.rglob("*.parquet")]
        payload = sum(commit.size for partition in archive.partitions() for commit in archive.commits(*partition))
        print(
            f"{options.articles:,} articles, {rows:,} messages of {payload / 2**20:.0f} MiB, {options.days} event dates"
        )
        print(f"  archived in {seconds:.1f} s, {rows / seconds:,.0f} messages/s, {memory} MiB at most")
        print(f"  {len(sizes):,} files, {sum(sizes) / 2**20:.1f} MiB")
        for name, query in _QUERIES.items():
            times = []
            for _ in range(3):
                started = time.perf_counter()
                answer = duckdb.connect().sql(query.format(root=root)).fetchall()
                times.append(time.perf_counter() - started)
            print(f"  DuckDB, {name}: {min(times):.2f} to {max(times):.2f} s ({len(answer):,} rows)")
        started = time.perf_counter()
        read = sum(1 for _ in archive.read())
        print(f"  read back: {read / (time.perf_counter() - started):,.0f} messages/s")


if __name__ == "__main__":
    main()
