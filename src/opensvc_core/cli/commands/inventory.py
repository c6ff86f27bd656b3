"""`osvc inventory`: what services are made of on this node."""

from opensvc_core.cli.options import AnyNames, Color, ColorOption, Format, FormatOption, Loud, new_app

app = new_app()


@app.command(epilog="Example: osvc inventory vm188 --format json")
def inventory(
    names: AnyNames = None, form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0
) -> int:
    """Tell processors, memory, disks and addresses of services on this node, each driver asked once.

    What cannot be told is `unknown`, with a note. Ends with 3 if a service file cannot be read, else with 0.
    """
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.inventory import tell_inventory

    return tell_inventory(open_here(), names or (), form, color)
