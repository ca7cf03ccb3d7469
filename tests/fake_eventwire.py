"""`python -m tests.fake_eventwire run …`: the real command line over the fake stages."""

import sys

import pipeline.flow
from tests import fake_stages

pipeline.flow.segment = fake_stages.fake_steps  # before anything imports it by name

from pipeline.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main.run(sys.argv[1:]))
