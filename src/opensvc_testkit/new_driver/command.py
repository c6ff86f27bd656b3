"""`osvc driver new NAME`: writes a distribution with a driver that builds, installs and passes as it is."""

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Type of the driver: `acme` makes `disk.acme`.")],
    group: Annotated[
        str, typer.Option("--group", metavar="GROUP", help="What it handles: disk, fs, ip, container or app.")
    ] = "app",
    path: Annotated[
        Path, typer.Option("--path", metavar="DIR", help="Where the folder of the distribution is made.")
    ] = Path(),
) -> int:
    """Write a distribution with a driver to begin with.

    Code, keywords, tests with the conformance suite, README, pyproject: it builds, installs and passes its tests as it
    is, with a simulated tool. Nothing else is touched.

    Example: osvc driver new acme --group disk
    """
    from opensvc_testkit.new_driver.drafting import Draft

    draft = Draft(name, group)
    draft.check()
    folder = draft.write(path)
    typer.echo(f"{draft.id} is in {folder}:")
    for each in sorted(draft.files()):
        typer.echo(f"  {each}")
    typer.echo("Next: pip install -e '.[test]' and pytest, in that folder")
    return 0
