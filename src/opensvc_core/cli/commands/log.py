"""`osvc log`: past runs."""

from typing import Annotated

import typer

from opensvc_core.cli.options import Color, ColorOption, Format, FormatOption, new_app

app = new_app()


@app.command(epilog="Example: osvc log vm188 --limit 5")
def log(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A service; none means all.")] = "",
    run: Annotated[str, typer.Option("--run", metavar="ID", help="One run, with its steps and commands.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many runs, the newest first.")] = 20,
    node: Annotated[
        str, typer.Option("--node", metavar="NODE", help="The journal of that node, of services of both nodes.")
    ] = "",
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete what is beyond journal_days and journal_size of node.conf.")
    ] = False,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Annotated[
        int,
        typer.Option(
            "-v",
            "--verbose",
            count=True,
            show_default=False,
            help="With --run: what each command printed, as far as it is kept; -vv: tracebacks of errors.",
        ),
    ] = 0,
) -> int:
    """Show past runs from the journal: when, what, by whom, how it ended. `interrupted` means that it was cut."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.history import Wanted, show_log
    from opensvc_core.cli.manner import Manner

    if prune:
        from opensvc_core.cli.pruning import prune_journal

        return prune_journal(open_here(), form)
    return show_log(open_here(), Wanted(name, run, limit, node), Manner(form, color, verbose))
