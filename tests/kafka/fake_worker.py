"""A worker with the cheap stages of `tests/fake_stages.py`: `python -m tests.kafka.fake_worker`, settings as always."""

import argparse
import sys

from pipeline.broker.start import set_up_logging
from pipeline.broker.worker import run_worker
from pipeline.errors import EventwireError
from pipeline.settings import load_settings
from tests.fake_stages import fake_steps


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.fake_worker", description=__doc__)
    parser.add_argument("--stages", default="", help="names, separated by commas")
    parser.add_argument("--delivery-seconds", type=float, default=60.0)
    parser.add_argument("--watch-seconds", type=float, default=0.5)
    options = parser.parse_args()
    try:
        settings = load_settings()
        set_up_logging(settings.log_level)
        return run_worker(
            settings,
            options.stages.split(",") if options.stages else None,
            steps=fake_steps,
            delivery_seconds=options.delivery_seconds,
            watch_seconds=options.watch_seconds,
        )
    except EventwireError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
