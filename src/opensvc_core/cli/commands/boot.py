"""`osvc boot` and `osvc shutdown`: what the system's init calls."""

from typing import Annotated

import typer

from opensvc_core.cli.options import (
    AnyNames,
    Color,
    ColorOption,
    DryRun,
    Format,
    FormatOption,
    MaxParallel,
    Verbose,
    Wait,
    new_app,
)

app = new_app()


@app.command(epilog="Example: osvc boot")
def boot(
    names: AnyNames = None,
    dry_run: DryRun = False,
    wait: Wait = 10.0,
    max_parallel: MaxParallel = 0,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Limit of the start of all services.")
    ] = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Clean what a crash of this node left, start the services that name it in autostart_node, in one graph.

    Of the others, and of those whose start failed, standby resources are started. Every service stands for itself: the
    exit status tells that one of them failed, and the others run all the same. Does no harm when it is called again.
    """
    from opensvc_core.cli.booting import tell_rounds
    from opensvc_core.cli.manner import Limits, Manner

    limits = Limits(frozenset(), wait, max_parallel, timeout)
    return tell_rounds(
        "boot",
        limits,
        Manner(form, color, verbose),
        lambda agent, options: agent.boot(options, names or (), is_dry=dry_run),
    )


@app.command(epilog="Example: osvc shutdown --timeout 120")
def shutdown(
    names: AnyNames = None,
    dry_run: DryRun = False,
    wait: Wait = 10.0,
    max_parallel: MaxParallel = 0,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Limit of the whole; what runs then is left.")
    ] = 600.0,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Stop everything on this node, standby resources and frozen services included, children before their parents."""
    from opensvc_core.cli.booting import tell_rounds
    from opensvc_core.cli.manner import Limits, Manner

    limits = Limits(frozenset(), wait, max_parallel, timeout)
    return tell_rounds(
        "shutdown",
        limits,
        Manner(form, color, verbose),
        lambda agent, options: agent.shutdown(options, names or (), is_dry=dry_run),
    )
