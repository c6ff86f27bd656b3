"""`osvc diskupdate`: what is known of the disks of services, asked anew."""

from opensvc_core.cli.options import Format, FormatOption, Loud, Names, new_app

app = new_app()


@app.command(epilog="Example: osvc diskupdate vm188")
def diskupdate(names: Names, form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Ask which disks services use, and keep the lists in var/disks, and the inventory in var/inventory.

    Drivers write beside them what a peer needs to use the disks: maps, special files, who may share them.
    Ends with 6 if a resource cannot tell; what was known of it is kept.
    """
    del verbose
    from opensvc_core.cli.disks import update_and_tell

    return update_and_tell(names, form)
