"""`osvc version`, `osvc commands`, `osvc completion`: about the command itself."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from enum import Enum
from typing import Annotated

import typer

from opensvc_core.cli.options import Loud, new_app

app = new_app()


class Shell(Enum):
    """Shells that there is a completion script for."""

    BASH = "bash"
    ZSH = "zsh"


@app.command(epilog="Example: osvc version")
def version(verbose: Loud = 0) -> int:
    """Print the version, this node's name, and where its files lie."""
    from opensvc_core import __version__
    from opensvc_core.cli.environment import here
    from opensvc_core.cli.output import write
    from opensvc_core.node import DEFAULT_ROOT

    environment = here()
    if environment.node is None:
        import socket

        name = socket.gethostname()
    else:
        name = environment.node
    write(f"osvc {__version__}\nnode {name}\nroot {environment.root or DEFAULT_ROOT}\n")
    return 0


@app.command(epilog="Example: osvc commands")
def commands(verbose: Loud = 0) -> int:
    """List the commands that other distributions add: command, distribution, version. Loads none of them."""
    from opensvc_core.cli.output import write
    from opensvc_core.cli.plain import line
    from opensvc_core.cli.verbs import others

    for point in others():
        write(line(point.name, point.dist.name if point.dist else "", point.dist.version if point.dist else ""))
    return 0


@app.command(epilog='Example: eval "$(osvc completion bash)"')
def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash or zsh.")], verbose: Loud = 0) -> int:
    """Print a script that makes a shell complete verbs, options and service names. It starts no Python."""
    from opensvc_core.cli.completion import script
    from opensvc_core.cli.output import write

    write(script(is_zsh=shell is Shell.ZSH))
    return 0
