"""Trying the collector out: whether it answers, what it can take, whether it knows this node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opensvc_collector_client.delivery import NEEDED
from opensvc_collector_client.registration import read_uuid
from opensvc_core.api import OpenSVCError

if TYPE_CHECKING:
    from opensvc_collector_client.sender import Sender

CALLED: Final = (
    "begin_action", "res_action_batch", "end_action", "svcmon_update", "resmon_update", "update_service",
    "delete_service_list", "delete_disks", "register_disk", "update_asset", "delete_pkg", "insert_pkg", "delete_patch",
    "insert_patch", "push_checks",
)  # fmt: skip
"""Methods that this client calls."""


def try_out(sender: Sender, patience: float) -> dict[str, Any]:
    """Call the collector once, and say how that went."""
    address = sender.settings.address
    trial: dict[str, Any] = {
        "schema": 1,
        "node": sender.agent.node.name,
        "url": sender.settings.url,
        "source": sender.settings.source,
        "registered": bool(read_uuid(sender.places)),
        "usable": False,
        "error": "",
        "hint": "",
        "missing": [],
        "seconds": None,
    }
    if address is None:
        return {**trial, "error": "no collector is configured", "hint": "set url in [collector] of node.conf"}
    try:
        with sender.session(patience) as session:
            began = sender.agent.clock.monotonic()
            session.collector.methods()
            trial["seconds"] = round(sender.agent.clock.monotonic() - began, 3)
            trial["missing"] = [method for method in CALLED if not session.collector.has(method)]
            session.remember_success()
    except (OpenSVCError, OSError) as error:
        return {**trial, "error": str(error), "hint": getattr(error, "hint", "")}
    lacking = [method for method in NEEDED.values() if method in trial["missing"]]
    if lacking:
        return {**trial, "error": f"it has no {', '.join(lacking)}: actions are kept until it has"}
    return {**trial, "usable": True}
