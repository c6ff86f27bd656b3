"""`osvc freeze` and `osvc thaw`."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from opensvc_core.cli.options import Loud, Names, new_app

app = new_app()


@app.command(epilog="Example: osvc freeze vm188")
def freeze(names: Names, verbose: Loud = 0) -> int:
    """Make services refuse every action until they are thawed. What runs goes on running."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.output import write

    agent = open_here()
    found = agent.find(names)
    agent.freeze(found)
    write("".join(f"{name}: frozen\n" for name in found))
    return 0


@app.command(epilog="Example: osvc thaw '*'")
def thaw(names: Names, verbose: Loud = 0) -> int:
    """Allow actions on services again."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.output import write

    agent = open_here()
    found = agent.find(names)
    agent.thaw(found)
    write("".join(f"{name}: thawed\n" for name in found))
    return 0
