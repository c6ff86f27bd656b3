"""`osvc node …`: what is about this node and no service; other distributions add to it."""

from pathlib import Path
from typing import Annotated

import typer

from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DrainLive,
    DrainStop,
    DrainTo,
    DryRun,
    Format,
    FormatOption,
    Loud,
    Verbose,
    Wait,
    new_app,
)
from opensvc_core.cli.subcommands import add_others

app = new_app("This node.")


@app.callback()
def node() -> None:
    """This node: install, check, mode, trust between nodes, reservation key; what other distributions add."""


@app.command(short_help="The key of this node's SCSI reservations", epilog="Example: osvc node prkey")
def prkey(
    new: Annotated[bool, typer.Option("--new", help="Make a new key, on a node that is a clone of another.")] = False,
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Print the key of this node's SCSI reservations; the first call makes it.

    The other nodes know it by a line in [prkeys] of their etc/node.conf, which is printed.
    """
    del verbose
    from opensvc_core.cli.keys import tell_key

    return tell_key(form, is_new=new)


@app.command("host-mode", short_help="What this node is for", epilog="Example: osvc node host-mode PRD")
def host_mode(
    mode: Annotated[str, typer.Argument(metavar="[PRD|DEV|TMP|TST]", help="Set it; none shows it.")] = "",
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Show or set the mode of this node, which says what it may start, receive and trust.

    A PRD node starts only PRD services, receives data only from PRD nodes, and trusts no others.
    """
    del verbose
    from opensvc_core.cli.node_mode import set_mode, show_mode

    return set_mode(mode, form) if mode else show_mode(form)


@app.command(short_help="Refuse every action on this node", epilog="Example: osvc node freeze")
def freeze(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Make all services of this node refuse every action until it is thawed. What runs goes on running."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("freeze", form)


@app.command(short_help="Allow actions on this node again", epilog="Example: osvc node thaw")
def thaw(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Undo `osvc node freeze`; services that are frozen themselves stay so."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("thaw", form)


@app.command(short_help="Start nothing new here, move what runs", epilog="Example: osvc node drain --to node110")
def drain(
    to: DrainTo = "",
    live: DrainLive = False,
    stop: DrainStop = False,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Let nothing new start on this node, then switch every service that runs here to another node of it.

    A service that no other node takes is left running and told, and the exit status is not 0. `osvc node undrain` lets
    services start here again; it moves none back.
    """
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.node_state import drain_node

    manner = Manner(form, color, verbose)
    return drain_node(to, Limits(wait=wait), manner, is_stop=stop, is_live=live, is_dry=dry_run)


@app.command(short_help="Let services start here again", epilog="Example: osvc node undrain")
def undrain(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Undo `osvc node drain`: services may start on this node again."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("undrain", form)


@app.command(short_help="Whether this node is frozen or drained", epilog="Example: osvc node state")
def state(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Tell whether this node is frozen, drained, or neither."""
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.node_state import tell_node

    return tell_node(open_here(), form)


@app.command(short_help="What other nodes must know of this one", epilog="Example: osvc node card >node109.card")
def card(verbose: Loud = 0) -> int:
    """Print the card of this node: its name, mode, public key and host keys. There is no secret in it.

    An operator carries it to the other nodes: osvc node trust --card FILE.
    """
    del verbose
    from opensvc_core.cli.trusting import print_card

    return print_card()


@app.command(short_help="Trust other nodes, or look whether that is right", epilog="Example: osvc node trust node110")
def trust(  # noqa: PLR0917 - each is an option
    nodes: Annotated[list[str] | None, typer.Argument(metavar="[NODE]...", help="Names of other nodes.")] = None,
    cards: Annotated[
        list[Path] | None, typer.Option("--card", metavar="FILE", help="Take the card of a node from a file.")
    ] = None,
    ssh_options: Annotated[
        list[str] | None, typer.Option("--ssh-option", metavar="OPTION", help="For your own ssh, as `Port=2222`.")
    ] = None,
    fingerprint: Annotated[
        str, typer.Option("--fingerprint", metavar="SHA256:...", help="The host key that the node must show.")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take changed keys of a known node: it was installed anew.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Have each pair prove both ways; look for what is forbidden.")
    ] = (False),
    remove: Annotated[bool, typer.Option("--remove", help="Trust these nodes no more.")] = False,
    exchange: Annotated[bool, typer.Option("--exchange", hidden=True)] = False,
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Exchange cards with other nodes over your own ssh as root, or take cards from files.

    Host keys are pinned. The key of a node is let in as far as the roles allow: never that of a disaster-recovery node
    on a production node.
    """
    del verbose
    from opensvc_core.cli import trusting
    from opensvc_core.cli.failure import UsageError

    ways = [bool(cards), check, remove, exchange]
    if sum(ways) > 1 or (nodes and (cards or exchange)) or (not nodes and not any(ways[:2]) and not exchange):
        raise UsageError("name nodes, or --card FILE, or --check, or --remove NODE", hint="osvc node trust --help")
    if exchange:
        return trusting.exchange_here(replace=replace)
    if check:
        return trusting.check_trust(nodes or (), form)
    if remove:
        return trusting.remove_trust(nodes or (), form)
    if cards:
        return trusting.trust_cards(cards, form, replace=replace)
    return trusting.trust_nodes(nodes or (), form, options=ssh_options or (), fingerprint=fingerprint, replace=replace)


InstallDryRun = Annotated[bool, typer.Option("--dry-run", help="Tell every change; make none.")]


@app.command(short_help="Make this machine a node", epilog="Example: osvc node install --dry-run")
def install(
    root: Annotated[Path | None, typer.Option("--root", metavar="DIR", help="Root folder; else $OSVC_ROOT.")] = None,
    dry_run: InstallDryRun = False,
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Make what a node needs and lacks: folders, commands in bin/, keys, jobs, boot and shutdown, completion.

    What is there is kept, edited schedules too; no service is touched. Run again, it finds nothing to do.
    """
    del verbose
    from opensvc_core.cli.installing import install

    return install(root, form, is_dry=dry_run)


@app.command(short_help="Undo `install`", epilog="Example: osvc node uninstall --dry-run")
def uninstall(dry_run: InstallDryRun = False, form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Take away what `osvc node install` made; configuration, data and keys stay. No service is touched."""
    del verbose
    from opensvc_core.cli.installing import uninstall

    return uninstall(form, is_dry=dry_run)


@app.command(short_help="What is missing or unsafe on this node", epilog="Example: osvc node check")
def check(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Tell what is missing or unsafe, a line each with what to do. Exit status 1 if anything is unsafe."""
    del verbose
    from opensvc_core.cli.installing import check

    return check(form)


@app.command(short_help="What this machine is", epilog="Example: osvc node facts --format json")
def facts(form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """Tell system, processors, memory, model, serial number and network of this node; `unknown` what cannot be told."""
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.inventory import tell_facts

    return tell_facts(open_here(), form, color)


@app.command(short_help="How full this node is", epilog="Example: osvc node checks")
def checks(form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """Tell how full file systems and volume groups are, each with the service that it belongs to.

    What is a warning and what an error stands in [checks] of etc/node.conf. Ends with 0 however full they are, with 3
    if a service file or node.conf cannot be read.
    """
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.inventory import tell_checks

    return tell_checks(open_here(), form, color)


@app.command(short_help="What is installed on this node", epilog="Example: osvc node packages --format plain")
def packages(form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """Tell packages and patches by the platform's own list. Ends with 6 if it cannot be asked."""
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.inventory import tell_packages

    return tell_packages(open_here(), form, color)


@app.command(
    "guest-gate", short_help="What guests let this node do", epilog="Example: osvc node guest-gate >osvc-guest-gate"
)
def guest_gate(
    scripts: Annotated[
        str, typer.Option("--scripts", metavar="DIR", help="Folder of the launchers in the guest.")
    ] = "/svc/etc/init.d",
    verbose: Loud = 0,
) -> int:
    """Print a script for guests, the forced command of nodes' keys: it lets through what the agent does there, no more.

    That is: whether a shell answers, which addresses the guest has, and the launchers of one folder.
    """
    del verbose
    from opensvc_core.cli.failure import UsageError
    from opensvc_core.cli.output import write
    from opensvc_core.host.guest_gate import gate_script

    try:
        write(gate_script(scripts.rstrip("/")))
    except ValueError as error:
        raise UsageError(str(error), hint="--scripts as the service files of the guests name it") from error
    return 0


add_others(app, "node")
