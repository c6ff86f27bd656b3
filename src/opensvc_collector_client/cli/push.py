"""`osvc push`: files and disks of services to the collector, now."""

from typing import Annotated

import typer

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
BUSY = 60.0
"""Seconds to wait for another sender."""


@app.command(epilog="Example: osvc push vm188")
def push(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Services; globs are allowed.")],
) -> int:
    """Send files and disks of services to the collector now, whether they were changed or not.

    Comments, blank lines and what looks like a secret are not sent. What is changed later is sent by itself.
    """
    from opensvc_collector_client.cli.here import open_node, say, say_error
    from opensvc_collector_client.parts import Part
    from opensvc_collector_client.reporting import report_parts
    from opensvc_collector_client.sender import Sender

    sender = Sender.of(open_node())
    found = sender.agent.find(names)
    told = report_parts(sender, [Part.SERVICES], BUSY, found)
    for error in told.failed:
        say_error(error)
    if told.absent:
        say(f"not sent: {told.absent}")
    elif not told.failed:
        typer.echo(f"sent: {', '.join(found)}")
    return int(bool(told.failed))
