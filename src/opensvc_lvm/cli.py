"""``osvc node lvm``: whether this node is protected against groups that come up by accident, and how it gets so."""

import json
import os
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from opensvc_lvm.protection.check import NodeCheck

app = typer.Typer(
    help="What keeps this node from activating volume groups that another node may use.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
NOT_PROTECTED, UNKNOWN = 1, 6
"""Exit statuses of ``check``: something is missing; something cannot be told, and nothing is known to be missing."""


class Format(Enum):
    """How the findings are printed."""

    TABLE = "table"
    PLAIN = "plain"
    JSON = "json"


@app.command(short_help="Whether this node is protected", epilog="Example: osvc node lvm check")
def check(
    form: Annotated[Format, typer.Option("--format", help="How to print the findings.")] = Format.TABLE,
) -> int:
    """Say whether LVM activates on this node only what is tagged for it.

    Looked at are the tags of the system and volume_list in lvm.conf and its kin, the tag `local` on the groups that
    this system itself lives on, and the initramfs. Nothing is changed. Exit status 0: all is well; 1: something is
    missing; 6: something cannot be told.
    """
    from opensvc_lvm.protection.findings import Verdict

    findings = list(_node_check().findings())
    if form is Format.JSON:
        rows = [{"code": f.code, "verdict": f.verdict.value, "text": f.text, "hint": f.hint} for f in findings]
        typer.echo(json.dumps({"findings": rows}, indent=2))
    for finding in findings if form is not Format.JSON else ():
        if form is Format.PLAIN:
            typer.echo("\t".join((finding.code, finding.verdict.value, finding.text, finding.hint)))
        else:
            typer.echo(f"{finding.verdict.value:<11} {finding.code:<13} {finding.text}")
            if finding.hint:
                typer.echo(f"{'':<25} -> {finding.hint}")
    verdicts = {finding.verdict for finding in findings}
    if Verdict.BAD in verdicts:
        return NOT_PROTECTED
    return UNKNOWN if Verdict.UNKNOWN in verdicts else 0


@app.command(short_help="Protect this node", epilog="Example: osvc node lvm setup --dry-run")
def setup(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and make none.")] = False,
    local: Annotated[
        list[str] | None, typer.Option("--local", metavar="GROUP", help="This group is this node's alone: tag it.")
    ] = None,
    shared: Annotated[
        list[str] | None,
        typer.Option("--shared", metavar="GROUP", help="This group is not: leave it as it is."),
    ] = None,
    no_initramfs: Annotated[bool, typer.Option("--no-initramfs", help="Leave the initramfs as it is.")] = False,
) -> int:
    """Set up what `check` misses, and nothing where nothing is missing.

    The groups that this system lives on are tagged `local` first, and that is verified; then lvm.conf and
    lvm_NODE.conf are written, once LVM has read a copy of them and said what it makes of them; then the initramfs is
    built. Files are kept as they were, as NAME.osvc-orig. It refuses where it cannot find out what a volume_list
    would lock out.
    """
    from opensvc_lvm.protection.arrangement import arrange

    looked = _node_check()
    arrangement = arrange(
        looked, local=frozenset(local or ()), shared=frozenset(shared or ()), with_initramfs=not no_initramfs
    )
    if arrangement.is_empty:
        typer.echo("nothing to do")
    elif dry_run:
        for part in arrangement.describe():
            typer.echo(part, nl=False)
    else:
        arrangement.make(looked.initramfs.rebuild, typer.echo)
    return 0


def _node_check() -> "NodeCheck":
    """This node as the environment describes it: ``OSVC_…``, ``PATH``, ``LVM_SYSTEM_DIR``.

    Raises ActionError on a system that is not Linux.
    """
    from opensvc_core.api import ActionError, open_agent
    from opensvc_lvm.protection.check import NodeCheck
    from opensvc_lvm.protection.commands import Commands
    from opensvc_lvm.protection.conf import Wanted
    from opensvc_lvm.protection.initramfs import Initramfs
    from opensvc_lvm.protection.services import services_of

    root, path = os.environ.get("OSVC_ROOT", ""), os.environ.get("PATH", "")
    folders = dict.fromkeys([*path.split(":"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    agent = open_agent(
        Path(root).absolute() if root else None,
        os.environ.get("OSVC_NODE") or None,
        path=":".join(folder for folder in folders if folder),
        os_name=os.environ.get("OSVC_OS") or None,
    )
    if agent.node.os_name != "Linux":
        raise ActionError(
            f"this node runs {agent.node.os_name}: what is looked at is the LVM of Linux",
            code="not_supported",
            hint="a stop exports groups of HP-UX, so nothing on the node activates them",
        )
    system = os.uname()
    commands = Commands(agent.host, Path(os.environ.get("LVM_SYSTEM_DIR") or "/etc/lvm"))
    wanted = Wanted(agent.node.name, system.nodename)
    return NodeCheck(commands, wanted, services_of(agent), Initramfs(commands, system.release))
