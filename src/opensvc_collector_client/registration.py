"""The uuid by which the collector knows this node: in a file that only its owner reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from opensvc_collector_client.private_files import write_private
from opensvc_collector_client.transport.failures import CollectorError, Refused

if TYPE_CHECKING:
    from opensvc_collector_client.settings import Places
    from opensvc_collector_client.transport.collector import Collector

REGISTER: Final = "register_node"
"""The method of a collector of 2013 that gives a node its uuid."""
_UUID: Final = re.compile(r"[0-9A-Za-z-]{8,128}")


def read_uuid(places: Places) -> str:
    """The uuid of this node, empty where it is not registered."""
    try:
        text = places.uuid.read_text(errors="replace").strip()
    except OSError:
        return ""
    return text if _UUID.fullmatch(text) else ""


def register(collector: Collector, node: str, places: Places) -> str:
    """Have the collector register this node, and keep the uuid that it gives.

    Raises:
        Refused: it does not register it, or not again.
        CollectorError: it cannot be asked.
        OSError: the uuid cannot be kept.
    """
    given = collector.ask(REGISTER, node)
    if isinstance(given, list) and given and isinstance(given[0], str):
        raise Refused(
            f"the collector does not register {node}: {given[0][:200]}",
            hint=f"where the node was registered before, put its uuid into {places.uuid}",
        )
    if not isinstance(given, str) or not _UUID.fullmatch(given):
        raise CollectorError(f"the collector gave no uuid for {node}", hint="does it know nodes that register?")
    # The folder of settings may be read by all; what is written here may not.
    write_private(places.uuid, f"{given}\n")
    return given


def is_open_to_others(places: Places) -> bool:
    """Whether others than its owner may read the uuid."""
    try:
        return bool(places.uuid.stat().st_mode & 0o077)
    except OSError:
        return False
