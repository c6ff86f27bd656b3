"""`osvc collector`: how reporting goes, and what an operator can do about it."""

from typing import Annotated

import typer

from opensvc_collector_client.cli.here import Format
from opensvc_collector_client.parts import Part

app = typer.Typer(
    help="The collector that this node reports to: how it goes, and what can be done about it.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
BUSY = 60.0
"""Seconds that a command of an operator waits for another sender."""


@app.command(short_help="How reporting goes", epilog="Example: osvc collector status --format json")
def status(form: FormatOption = Format.TABLE) -> int:
    """Show where the collector is, what waits to be sent, and how the last tries went.

    Nothing is asked of the collector: `osvc collector test` does that.
    """
    from opensvc_collector_client.cli.here import open_node, print_fields
    from opensvc_collector_client.standing import describe

    print_fields(describe(open_node()), form)
    return 0


@app.command(short_help="Send what waits, now", epilog="Example: osvc collector flush")
def flush(
    retry_poison: Annotated[
        bool, typer.Option("--retry-poison", help="Try records that were set aside once more, too.")
    ] = False,
) -> int:
    """Send everything that waits, however short ago the last try failed.

    Exit status 0: nothing waits any more, or there is no collector; 1: something could not be sent.
    """
    from opensvc_collector_client.cli.here import open_node, say, say_error
    from opensvc_collector_client.retrying import retry_poison_now
    from opensvc_collector_client.sender import Outcome, Sender

    sender = Sender.of(open_node())
    outcome = sender.send(is_forced=True, patience=BUSY)
    if outcome is Outcome.OFF:
        say("no collector is configured")
        return 0
    if outcome is Outcome.BUSY:
        say("error: another process is sending to the collector")
        return 1
    typer.echo(f"{sender.taken} records sent")
    if sender.error is not None:
        say_error(sender.error)
        return 1
    if not retry_poison:
        return 0
    sent, left = retry_poison_now(sender, BUSY)
    typer.echo(f"{sent} records that were set aside sent, {left} left")
    return int(left > 0)


@app.command(short_help="Have the collector register this node", epilog="Example: osvc collector register")
def register() -> int:
    """Ask the collector for a uuid for this node, and keep it in etc/collector.uuid, which only root reads."""
    from opensvc_collector_client.cli.here import open_node
    from opensvc_collector_client.registration import register as register_node
    from opensvc_collector_client.sender import Sender

    sender = Sender.of(open_node())
    with sender.session(BUSY) as session:
        register_node(session.collector, sender.agent.node.name, sender.places)
        session.remember_success()
    typer.echo(f"{sender.agent.node.name} is registered; its uuid is in {sender.places.uuid}")
    return 0


@app.command("test", short_help="Call the collector, and say how it went", epilog="Example: osvc collector test")
def try_it(form: FormatOption = Format.TABLE) -> int:
    """Call the collector and ask what it can take; nothing is sent. Exit status 1: it cannot be used."""
    from opensvc_collector_client.cli.here import open_node, print_fields
    from opensvc_collector_client.sender import Sender
    from opensvc_collector_client.trial import try_out

    trial = try_out(Sender.of(open_node()), BUSY)
    print_fields(trial, form)
    return 0 if trial["usable"] else 1


@app.command(short_help="Report what is so now", epilog="Example: osvc collector report asset")
def report(
    parts: Annotated[
        list[Part] | None, typer.Argument(metavar="[PART]...", help="What; by default all but the statuses.")
    ] = None,
    service: Annotated[
        str, typer.Option("--service", metavar="NAME[,NAME]", help="Of services and statuses, only these.")
    ] = "",
) -> int:
    """Report what this node and its services are now: what the jobs of this node call.

    Parts: statuses, packages, patches, services (with their disks), asset, checks. One that fails keeps no other from
    being reported; what failed is told at the end, and the exit status is 1 then. Where there is no collector, or its
    name does not resolve, nothing is said.
    """
    from opensvc_collector_client.cli.here import open_node, say_error
    from opensvc_collector_client.reporting import report_parts
    from opensvc_collector_client.sender import Sender

    names = [name for name in service.split(",") if name]
    told = report_parts(Sender.of(open_node()), parts or (), BUSY, names)
    for error in told.failed:
        say_error(error)
    return int(bool(told.failed))


@app.command(hidden=True)
def send(
    lock: Annotated[int, typer.Option("--lock", help="Open file that holds the sender's lock already.")] = -1,
) -> int:
    """Send what waits and end; what an observer starts."""
    from opensvc_collector_client import sending

    return sending.send(lock)
