"""`osvc reservation show|take|release|clear`: SCSI reservations by hand."""

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DeclareDead,
    Format,
    FormatOption,
    Loud,
    Names,
    Permits,
    Verbose,
    Wait,
    new_app,
)

app = new_app("SCSI reservations of the disks of services.")


@app.command(short_help="Who holds the disks", epilog="Example: osvc reservation show vm188 --format json")
def show(names: Names, form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """Show, disk by disk, who holds it and which keys are registered. Changes nothing."""
    from opensvc_core.cli.reserving import show_disks

    return show_disks(names, Manner(form, color, verbose))


@app.command(short_help="Take the disks", epilog="Example: osvc reservation take vm188")
def take(
    names: Names,
    permit: Permits = None,
    wait: Wait = 60.0,
    declare_dead: DeclareDead = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Take the reservations of services and nothing else, with all the checks of a start."""
    from opensvc_core.cli.reserving import act_on_disks

    limits = Limits(frozenset(permit or ()), wait)
    return act_on_disks("take", names, limits, Manner(form, color, verbose), dead=declare_dead)


@app.command(short_help="Give the disks up", epilog="Example: osvc reservation release vm188")
def release(
    names: Names,
    wait: Wait = 60.0,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Give up the reservations of services that are verified down."""
    from opensvc_core.cli.reserving import act_on_disks

    return act_on_disks("release", names, Limits(frozenset(), wait), Manner(form, color, verbose))


@app.command(short_help="Remove every registration", epilog="Example: osvc reservation clear vm188")
def clear(
    names: Names,
    wait: Wait = 60.0,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Remove every registration, whoever made it, from the disks of services that are verified down.

    Refused while another node of the service holds a disk.
    """
    from opensvc_core.cli.reserving import act_on_disks

    return act_on_disks("clear", names, Limits(frozenset(), wait), Manner(form, color, verbose))
