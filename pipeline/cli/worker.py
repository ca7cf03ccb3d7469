"""`eventwire worker`: stages as an agent on Kafka."""

from typing import Annotated

import typer

from pipeline.cli.options import Brokers, Prefix, words


def worker(
    stages: Annotated[
        list[str] | None,
        typer.Option(help="Neighbouring stages, separated by commas, in the order of the road; default: all three."),
    ] = None,
    brokers: Brokers = None,
    topic_prefix: Prefix = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Child processes that run the models; 0: one for each core.")
    ] = None,
    slot: Annotated[
        str | None,
        typer.Option(help="Unique name of this worker's place, kept over restarts (default: the host's name and -0)."),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of /metrics, /healthz and /readyz; 0: any free one.")
    ] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
) -> int:
    """Run stages on Kafka until Ctrl-C or SIGTERM. All other settings are read from EVENTWIRE_... variables.

    Nothing is lost, whatever ends it: what is in hand then is done again after a restart, with the same ids.

    Exit codes: 0 stopped, 2 a setting is wrong, 3 Kafka refuses or topics are missing, 70 can't deliver, 75 stalled,
    76 too many dead letters, 137 shutdown took too long. After 70, 75 and 137 just start it again.

    \b
    Examples:
      eventwire worker
      eventwire worker --stages entities,events --slot b-1 --metrics-port 9465
    """
    from pipeline.broker.start import set_up_logging
    from pipeline.flow import segment
    from pipeline.settings import load_settings

    settings = load_settings(
        brokers=brokers,
        topic_prefix=topic_prefix,
        workers=workers,
        slot=slot,
        metrics_port=metrics_port,
        log_level=log_level,
    )
    names = words(stages) or None
    segment(names)  # a misspelt stage is an error before anything is loaded
    set_up_logging(settings.log_level)

    from pipeline.broker.worker import run_worker

    return run_worker(settings, names)
