"""What the worker asks of Faust. What it does is tested on a real broker, in `tests/kafka`."""

from pipeline.broker.worker import _make_app
from pipeline.settings import Settings


def test_working_on_what_was_fetched_is_no_reason_to_leave_the_group() -> None:
    """100,000 tiny articles came in one answer of Kafka, and took longer than the default of 1,000 s: the worker left
    its group then, and never came back."""
    app = _make_app(Settings(), "group", 90.0)
    assert app.conf.broker_max_poll_interval >= 24 * 3600
