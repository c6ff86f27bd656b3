"""What a collector is told of the node: what it is, what is installed, how full things are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opensvc_collector_client.payloads.text import local_time, one_word
from opensvc_collector_client.records import Call, row, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.api import CheckReport, NodeFacts, Package, Patch

ROWS: Final = 500
"""Records of one call: no call of a node with thousands of packages is too long for its time limit."""
_MEGABYTE: Final = 1024 * 1024


def update_asset(facts: NodeFacts) -> Call:
    """What the node is; what cannot be told is empty. Memory is in megabytes and speed in MHz, as in 2010."""
    return row(
        "update_asset",
        {
            "nodename": facts.node,
            "os_name": facts.os_name,
            "os_vendor": facts.os_vendor,
            "os_release": facts.os_release,
            "os_kernel": facts.os_kernel,
            "os_arch": facts.os_arch,
            "mem_bytes": None if facts.mem_bytes is None else facts.mem_bytes // _MEGABYTE,
            "mem_banks": facts.mem_banks,
            "mem_slots": facts.mem_slots,
            "cpu_freq": facts.cpu_freq,
            "cpu_cores": facts.cpu_cores,
            "cpu_dies": facts.cpu_dies,
            "cpu_model": facts.cpu_model,
            "serial": facts.serial,
            "model": facts.model,
            "environnement": facts.host_mode,
            "host_mode": facts.host_mode,
        },
    )


def insert_packages(node: str, packages: Sequence[Package]) -> list[Call]:
    """The packages of the node, in place of those that it had."""
    rows = [(node, one_word(each.name), each.version, each.arch) for each in packages]
    return [
        Call("delete_pkg", (node,)),
        *(table("insert_pkg", ("nodename", "name", "version", "arch"), part) for part in _parts(rows)),
    ]


def insert_patches(node: str, patches: Sequence[Patch]) -> list[Call]:
    """The patches of the node, in place of those that it had."""
    rows = [(node, one_word(each.number), each.revision) for each in patches]
    return [
        Call("delete_patch", (node,)),
        *(table("insert_patch", ("nodename", "num", "rev"), part) for part in _parts(rows)),
    ]


def push_checks(report: CheckReport) -> list[Call]:
    """How full things are; what cannot be told is not sent."""
    names = ("chk_nodename", "chk_svcname", "chk_type", "chk_instance", "chk_value", "chk_updated")
    at = local_time(report.at)
    rows = [
        (report.node, each.service, each.type, each.instance, each.value, at)
        for each in report.checks
        if each.value is not None
    ]
    return [table("push_checks", names, part) for part in _parts(rows)]


def _parts(rows: Sequence[Sequence[object]]) -> list[Sequence[Sequence[object]]]:
    return [rows[begin : begin + ROWS] for begin in range(0, len(rows), ROWS)]
