"""`osvc status` and `osvc mon`: what runs here."""
# ruff: noqa: ARG001, PLR0917 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.options import (
    AnyNames,
    Color,
    ColorOption,
    Format,
    FormatOption,
    Loud,
    Rids,
    Tags,
    new_app,
    split,
)

app = new_app()

Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, help="What has not answered by then is undef."),
]

Node = Annotated[
    str, typer.Option("--node", metavar="NODE", help="Ask that node alone, as `--local` typed there would.")
]

Local = Annotated[bool, typer.Option("--local", help="Ask this node only, and no other node of the services.")]


@app.command(epilog="Example: osvc status vm188 --format json")
def status(
    names: AnyNames = None,
    rids: Rids = None,
    tags: Tags = None,
    timeout: Timeout = None,
    local: Local = False,
    node: Node = "",
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show services as trees: each resource with rid, flags, status, label, and notes under it.

    Flags: M monitored, D disabled, O optional, E encapsulated, S standby. Changes nothing and takes no lock. The exit
    status says whether all could be asked, not what they answered; it is 1 where a service is up on two nodes. Where
    other nodes may run a service they are asked too, unless --rid or --tags choose some of its resources.
    """
    from opensvc_core.cli.asking import ask
    from opensvc_core.cli.output import write, write_json

    answers = ask(
        names or (),
        rids=split(rids),
        tags=tuple(tags or ()),
        timeout=timeout,
        is_local=local,
        is_whole=True,
        node=node,
    )
    if form is Format.JSON:
        write_json(answers.document())
        return answers.exit_status
    if form is Format.PLAIN:
        from opensvc_core.cli.plain import status_lines

        write(status_lines(answers.statuses, answers.words))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.status import status_trees
        from opensvc_core.cli.terminal import wants_color

        write(to_text(status_trees(answers.statuses, answers.words, answers.at), has_color=wants_color(color)))
    answers.tell_broken()
    return answers.exit_status


@app.command(epilog="Example: osvc mon 'erp*' --watch")
def mon(
    names: AnyNames = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds between two looks.")] = 5.0,
    timeout: Timeout = None,
    local: Local = False,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show one row a service: the columns of svcmon, aggregates, frozen. In narrow cells `s.` stands for standby.

    Below a service stand the other nodes that may run it; in brackets what one that does not answer said last. The exit
    status is 1 where a service is up on two nodes.
    """
    from opensvc_core.cli.asking import ask
    from opensvc_core.cli.output import write, write_json

    if watch:
        from opensvc_core.cli.watching import watch_services

        return watch_services(names or (), interval=interval, timeout=timeout, form=form, color=color, is_local=local)
    answers = ask(names or (), timeout=timeout, is_local=local)
    if form is Format.JSON:
        write_json(answers.document())
        return answers.exit_status
    if form is Format.PLAIN:
        from opensvc_core.cli.plain import mon_lines

        write(mon_lines(answers.statuses, answers.words))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.status import mon_table
        from opensvc_core.cli.terminal import wants_color

        write(to_text(mon_table(answers.statuses, None, answers.words, answers.at), has_color=wants_color(color)))
    answers.tell_broken()
    return answers.exit_status
