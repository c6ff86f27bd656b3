"""What `osvc node install`, `uninstall` and `check` do."""

from __future__ import annotations

import os
import pwd
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.cli.document import SCHEMA
from opensvc_core.cli.environment import open_here
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.cli.plain import line
from opensvc_core.cli.verbs import names
from opensvc_core.model import Severity

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.install.install import Installation
    from opensvc_core.actions.install.site import Site


def install(root: Path | None, form: Format, *, is_dry: bool) -> int:
    """Make this machine a node; give back 0.

    Args:
        root: root folder, before ``$OSVC_ROOT``.
        form: of what is told.
        is_dry: tell every change and make none.

    Raises:
        OSError, ActionError: a change cannot be made.
    """
    from opensvc_core.actions.install.install import plan_installation

    agent = open_here(root.absolute() if root else None)
    return _make(plan_installation(site_of(agent), names(), _completion()), form, is_dry=is_dry)


def uninstall(form: Format, *, is_dry: bool) -> int:
    """Take jobs, boot service, links, profile and completion away; give back 0.

    Raises:
        OSError, ActionError: a change cannot be made.
    """
    from opensvc_core.actions.install.install import plan_removal

    return _make(plan_removal(site_of(open_here())), form, is_dry=is_dry)


def check(form: Format) -> int:
    """Tell what is missing or unsafe, a line each with the remedy; give back 1 if anything is unsafe, else 0."""
    from opensvc_core.actions.node_check import check_node

    agent = open_here()
    found = check_node(agent, site_of(agent), names(), _completion())
    status = int(any(each.severity is Severity.ERROR for each in found))
    if form is Format.JSON:
        findings = [
            {"severity": each.severity.value, "code": each.code, "text": each.text, "remedy": each.remedy}
            for each in found
        ]
        write_json({"schema": SCHEMA, "node": agent.node.name, "safe": not status, "findings": findings})
    elif form is Format.PLAIN:
        write("".join(line("finding", each.severity.value, each.code, each.text, each.remedy) for each in found))
    else:
        write("".join(f"{each.severity.value}: {each.text}; {each.remedy}\n" for each in found))
        if not found:
            write("nothing is missing, nothing is unsafe\n")
    return status


def site_of(agent: Agent) -> Site:
    """This machine, with the commands that lie beside the one that runs."""
    from opensvc_core.actions.install.site import Site

    scripts = Path(sysconfig.get_path("scripts"))
    beside = Path(sys.argv[0]).resolve().parent
    if not (scripts / "osvc").exists() and (beside / "osvc").exists():
        scripts = beside
    system = Path(agent.node.setting("node", "system_root") or "/")
    home = system / Path(pwd.getpwuid(os.geteuid()).pw_dir).relative_to("/")
    return Site(agent.node, agent.host, scripts, home, system)


def _completion() -> str:
    from opensvc_core.cli.completion import script

    return script(is_zsh=False)


def _make(plan: Installation, form: Format, *, is_dry: bool) -> int:
    from opensvc_core.actions.install.install import make_changes

    done: list[str] = []

    def tell(what: str) -> None:
        done.append(what)
        if form is Format.PLAIN:
            write(line("change", what))
        elif form is Format.TABLE:
            write(f"{'would ' if is_dry else ''}{what}\n")

    if is_dry:
        for change in plan.changes:
            tell(change.what)
    else:
        make_changes(plan, tell)
    if form is Format.JSON:
        write_json({"schema": SCHEMA, "dry_run": is_dry, "changes": done, "notes": list(plan.notes)})
        return 0
    for note in plan.notes:
        say(f"note: {note}")
    if not done and form is Format.TABLE:
        write("nothing to do\n")
    return 0
