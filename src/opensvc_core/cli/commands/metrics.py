"""`osvc metrics`: what this node knows, for Prometheus."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from pathlib import Path
from typing import Annotated

import typer

from opensvc_core.cli.options import Loud, new_app

app = new_app()


@app.command(epilog="Example: osvc metrics --ask --output /srv/textfile/opensvc.prom")
def metrics(
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask platforms and disks now; else states are those last written down.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Replace that file at once, readable to all, and print nothing."),
    ] = None,
    verbose: Loud = 0,
) -> int:
    """Print metrics of this node in the text format of Prometheus, for the node exporter's textfile collector.

    Reservations are told with --ask alone.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.metering import tell_metrics

    return tell_metrics(open_here(), output, is_asked=ask)
