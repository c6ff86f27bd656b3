"""Tells what `diskupdate` found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import write, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent


def update_and_tell(names: Sequence[str], form: Format, agent: Agent | None = None) -> int:
    """Refresh the disk lists of services and print them; the exit status."""
    from attrs import asdict

    from opensvc_core.actions.diskupdate import update_disks
    from opensvc_core.cli.acting import load_or_fail
    from opensvc_core.cli.environment import open_here
    from opensvc_core.errors import ExitStatus
    from opensvc_core.inventory.collect import collect_with_disks
    from opensvc_core.inventory.keep import keep_inventory

    agent = agent or open_here()
    services = load_or_fail(agent, names)
    inventory, told = collect_with_disks(agent, services)
    lists = update_disks(agent, services, told)
    keep_inventory(agent.node.folders, inventory)
    if form is Format.JSON:
        document = {"schema": 1, "node": agent.node.name, "resources": [asdict(each) for each in lists]}
        write_json(document)
    else:
        tab = "\t" if form is Format.PLAIN else "  "
        for each in lists:
            for device in each.devices:
                write(tab.join((each.service, each.rid, device.path, device.kind, device.identity)).rstrip() + "\n")
            if each.problem:
                write(tab.join((each.service, each.rid, f"cannot tell: {each.problem}")) + "\n")
            if each.written:
                write(tab.join((each.service, each.rid, each.written)) + "\n")
            if each.unwritten:
                write(tab.join((each.service, each.rid, f"not written for peers: {each.unwritten}")) + "\n")
    return int(ExitStatus.UNKNOWN) if any(each.problem or each.unwritten for each in lists) else 0
