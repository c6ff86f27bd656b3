"""`osvc recover`: looks after a run that was cut."""

from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DeclareDead,
    Format,
    FormatOption,
    Names,
    Verbose,
    Wait,
    new_app,
)

app = new_app()


@app.command(epilog="Example: osvc recover vm188")
def recover(
    names: Names,
    wait: Wait = 60.0,
    declare_dead: DeclareDead = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Ask for the real state after a run that was interrupted or ended unknown, and finish or undo that run.

    A run over several nodes is put right from any node that can ask them: finished at the destination, or undone there
    and started again at the source. Nothing starts while a node of it cannot be asked and was not declared dead.
    Several services are looked after one by one; the exit status is the highest of theirs.
    """
    from opensvc_core.cli.acting import recover_services
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.manner import Manner

    return recover_services(open_here(), names, wait, Manner(form, color, verbose), dead=declare_dead or ())
