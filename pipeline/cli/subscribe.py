"""`eventwire subscribe`: events to a webhook, signed, tried again, resumed."""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.interrupt import terminate_as_interrupt
from pipeline.cli.options import (
    TIME_HELP,
    Brokers,
    Classes,
    Entities,
    Languages,
    MinConfidence,
    Prefix,
    Sources,
    Statuses,
    Types,
    read_selection,
    read_time,
)
from pipeline.cli.progress import log_through
from pipeline.cli.terminal import safe, warn
from pipeline.errors import EventwireError

if TYPE_CHECKING:
    from pipeline.events.selection import Selection
    from pipeline.settings import Settings
    from pipeline.web.feeds import Feed
    from pipeline.web.undelivered import Kept
    from pipeline.web.webhook import Receiver

_REFUSED = 20  # events in a row that the receiver refuses: it means us, not them


def subscribe(
    webhook: Annotated[str, typer.Option(metavar="URL", help="Where each event is POSTed.")],
    folder: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="What `eventwire run --out` wrote; without it, Kafka.")
    ] = None,
    classes: Classes = None,
    types: Types = None,
    entities: Entities = None,
    languages: Languages = None,
    min_confidence: MinConfidence = 0.0,
    statuses: Statuses = None,
    sources: Sources = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help=f"Where the first start begins; default: now on Kafka. {TIME_HELP}"
        ),
    ] = None,
    follow: Annotated[
        bool | None, typer.Option("--follow/--no-follow", help="Wait for new events (default on Kafka) or end.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Of this subscription: where it stopped is kept under it. Default: made from the URL."),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for dead letters; default: webhook-NAME.")
    ] = None,
    give_up: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, max=604_800, help="For how long one event is tried.")
    ] = 900.0,
    redrive: Annotated[bool, typer.Option("--redrive", help="Send the dead letters once more, then end.")] = False,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
) -> int:
    """Send events to a webhook as CloudEvents, signed with EVENTWIRE_WEBHOOK_SECRET (docs/webhooks.md).

    Each event is sent at least once, in order within a partition; `webhook-id` tells repetitions. A receiver that
    fails is tried again, with growing pauses; what it doesn't take in --give-up seconds, or refuses, goes to
    dead-letters.jsonl. Started again, it goes on where it stopped.

    Exit code: 0 all sent (or stopped), 1 some were given up, 2 a mistake, 3 trouble with Kafka.

    \b
    Examples:
      eventwire subscribe --webhook https://example.org/hook --class deal --min-confidence 0.8
      eventwire subscribe out/demo --webhook http://127.0.0.1:8000/ --language de
      eventwire subscribe --webhook https://example.org/hook --redrive
    """
    from pipeline.settings import load_settings
    from pipeline.web.undelivered import Kept
    from pipeline.web.webhook import Receiver, read_secret

    start = read_time(since, "--from")
    settings = load_settings(brokers=brokers, topic_prefix=topic_prefix)
    selection = read_selection(
        settings,
        classes=classes,
        types=types,
        entities=entities,
        languages=languages,
        statuses=statuses,
        sources=sources,
        min_confidence=min_confidence,
    )
    receiver = Receiver(webhook, read_secret(settings.webhook_secret), give_up_seconds=give_up, tell=_say)
    name = _checked(name or _name_of(receiver.host, webhook))
    with (
        Kept(state or Path(f"webhook-{name}")) as kept,
        terminate_as_interrupt(),
        log_through(_say, settings.log_level),
    ):
        sending = _Sending(receiver, kept)
        try:
            if redrive:
                sending.redrive()
            else:
                with _feed(folder, settings, selection, name, kept, start, follow) as feed:
                    sending.run(feed, selection, settings.topic_prefix)
        except KeyboardInterrupt:
            pass
        finally:
            receiver.close()
            _say(sending.summary())
    return 1 if sending.dead else 0


class _Sending:
    """One run: what came of its events."""

    def __init__(self, receiver: "Receiver", kept: "Kept") -> None:
        self._receiver = receiver
        self._kept = kept
        self._sent = 0
        self.dead = 0

    def summary(self) -> str:
        dead = f", {self.dead:,} given up: see {self._kept.dead_letters}" if self.dead else ""
        return f"{self._sent:,} events sent{dead}"

    def run(self, feed: "Feed", selection: "Selection", prefix: str) -> None:
        from pipeline.streams.events import read_event
        from pipeline.web.webhook import delivery_of

        refused = 0
        for message in feed.messages():
            event = read_event(message, prefix=prefix)
            if event is None or not selection.wants(event):
                continue
            delivery = delivery_of(message, event.event_id)
            failure = self._receiver.deliver(delivery)
            if failure is None:
                self._sent += 1
                refused = 0
                continue
            self._kept.add(delivery, failure, now=time.time())
            self.dead += 1
            _say(f"given up: {delivery.id}, {failure.reason}")
            refused = refused + 1 if failure.refused else 0
            if refused == _REFUSED:
                raise EventwireError(
                    f"{self._receiver.host} has refused {_REFUSED} events in a row ({failure.reason}): is the URL "
                    "right, and does it know the secret? "
                    f"They are in {self._kept.dead_letters}; --redrive sends them again."
                )

    def redrive(self) -> None:
        """A letter that is taken leaves the file; others stay. What was sent is known at the end, however it ends."""
        letters = list(self._kept.read())  # all of them first: a damaged line must not cost the others
        left = [line for line, _ in letters]
        try:
            for line, delivery in letters:
                failure = self._receiver.deliver(delivery)
                if failure is None:
                    left.remove(line)
                    self._sent += 1
                else:
                    self.dead += 1
                    _say(f"given up again: {delivery.id}, {failure.reason}")
        finally:
            self._kept.replace(left)


@contextmanager
def _feed(
    folder: Path | None,
    settings: "Settings",
    selection: "Selection",
    name: str,
    kept: "Kept",
    since: datetime | None,
    follow: bool | None,
) -> Iterator["Feed"]:
    from pipeline.streams.events import event_topics
    from pipeline.web.feeds import FolderFeed, KafkaFeed

    topics = event_topics(selection.wanted_classes, prefix=settings.topic_prefix)
    with ExitStack() as stack:
        feed: Feed
        if folder is not None:
            feed = FolderFeed(folder, kept, topics=topics, since=since, follow=bool(follow), tell=warn)
        else:
            from pipeline.broker.client import Client

            client = stack.enter_context(Client(settings))
            group = f"{settings.topic_prefix}eventwire-webhook-{name}"
            feed = KafkaFeed(client, group, topics=topics, since=since, follow=follow is not False, tell=warn)
        try:
            yield feed
        finally:
            feed.save()


def _name_of(host: str, webhook: str) -> str:
    """Equal for the same URL, another one for another; readable, and without what the URL's path may keep secret."""
    return f"{host.replace(':', '-')}-{hashlib.sha256(webhook.encode()).hexdigest()[:8]}"


def _checked(name: str) -> str:
    if not 0 < len(name) <= 100 or not all(char.isascii() and (char.isalnum() or char in ".-_") for char in name):
        raise typer.BadParameter(f"{name!r}: a name has up to 100 letters, digits, '.', '-', '_'.", param_hint="--name")
    return name


def _say(text: str) -> None:
    print(safe(text), file=sys.stderr)
