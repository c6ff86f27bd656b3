"""What a collector is told of statuses, services, disks and the node, held against the recording collector's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from opensvc_collector_client.payloads.node import ROWS, insert_packages, insert_patches, push_checks, update_asset
from opensvc_collector_client.payloads.services import delete_service_list, register_disks, update_service
from opensvc_collector_client.payloads.statuses import ServiceFacts, resmon_update, svcmon_update
from opensvc_core.api import (
    Check,
    CheckReport,
    CheckState,
    DiskRecord,
    NodeFacts,
    Package,
    Patch,
    Resource,
    ResourceId,
    Service,
    ServiceInventory,
)
from tests.opensvc_collector_client.payloads.test_actions import fields, hold_against_tables

STATUSES = st.sampled_from(["up", "down", "warn", "n/a", "undef", "stdby up", "stdby down", "odd"])
GUEST = Resource(ResourceId("vm188", "container#0"), "container.kvm", {"name": "guest 1"})
SERVICE = Service(
    "vm188", Path("/etc/vm188.env"), (GUEST,), ("n1", "n2"), ("d1",), {"service_type": "PRD", "app": "ERP"}
)
FILE = "# why\n[default]\n\nmode = kvm\npassword = abcdef\n"


@given(
    st.fixed_dictionaries(
        {"avail": STATUSES, "overall": STATUSES, "frozen": st.booleans()},
        optional={
            "groups": st.dictionaries(st.sampled_from(["ip", "disk", "container", "hb"]), STATUSES),
            "resources": st.dictionaries(
                st.text(min_size=1, max_size=9),
                st.fixed_dictionaries(
                    {
                        "status": STATUSES,
                        "label": st.text(),
                        "notes": st.lists(st.fixed_dictionaries({"text": st.text()})),
                    }
                ),
            ),
        },
    )
)
def test_every_status_is_told_as_the_tables_say(data: dict[str, Any]) -> None:
    facts = ServiceFacts("PRD", ("n1", "n2"), "guest1", "kvm")
    hold_against_tables(
        svcmon_update("vm188", 1e9, data, facts, "n1", "PRD"),
        *resmon_update("vm188", 1e9, data, "n1"),
    )


def test_a_status_has_the_words_of_the_service() -> None:
    (told,) = fields(svcmon_update("s", 1e9, {"frozen": True, "groups": {"fs": "up"}}, ServiceFacts(), "n1", ""))
    assert told["mon_fsstatus"] == "up"
    assert told["mon_ipstatus"] == "n/a"
    assert told["mon_overallstatus"] == "undef"
    assert told["mon_frozen"] == "1"
    assert told["mon_vmtype"] == "hosted"


def test_a_service_is_told_without_its_secrets() -> None:
    inventory = ServiceInventory("vm188", vcpus=2, memory=4 << 30)
    call = update_service(SERVICE, FILE, "n1", "0.1", inventory)
    hold_against_tables(call)
    (told,) = fields(call)
    assert told["svc_envfile"] == "[default]\nmode = kvm\npassword = xxxxxx"
    assert (told["svc_nodes"], told["svc_drpnode"], told["svc_drpnodes"]) == ("n1 n2", "d1", "d1")
    assert (told["svc_containertype"], told["svc_vmname"]) == ("kvm", "guest_1")
    assert (told["svc_vcpus"], told["svc_vmem"]) == ("2", "4096")
    hold_against_tables(update_service(SERVICE, FILE, "n1", "0.1"), delete_service_list(["a", "b"]))
    (told,) = fields(update_service(evolve(SERVICE, resources=()), FILE, "n1", "0.1"))
    assert (told["svc_containertype"], told["svc_vmname"]) == ("hosted", "")


def test_a_disk_is_told_once_and_only_with_an_identity() -> None:
    def disk(disk_id: str | None, size: int | None = 1 << 30) -> DiskRecord:
        return DiskRecord(disk_id, "n1", "vm188", "vg#0", "/dev/sda", size=size, vendor="HP", group="vg 1")

    calls = register_disks("vm188", [disk("naa.6001"), disk("naa.6001"), disk(None), disk("eui.1", None)], "n1")
    hold_against_tables(*calls)
    assert [call.method for call in calls] == ["delete_disks", "register_disk"]
    (told,) = fields(calls[1])
    assert told["disk_id"] == "36001"
    assert (told["disk_size"], told["disk_dg"], told["disk_vendor"]) == ("1024", "vg_1", "HP")


def test_what_cannot_be_told_of_a_node_is_empty() -> None:
    hold_against_tables(update_asset(NodeFacts("n1", 1e9)))
    (told,) = fields(update_asset(NodeFacts("n1", 1e9, host_mode="PRD", mem_bytes=3 << 20)))
    assert (told["environnement"], told["mem_bytes"], told["serial"]) == ("PRD", "3", "")


def test_many_packages_are_told_in_parts() -> None:
    calls = insert_packages("n1", [Package(f"p{number}", "1", "x") for number in range(ROWS + 1)])
    hold_against_tables(*calls, *insert_patches("n1", [Patch("PHKL_1", "2")]))
    assert [len(call.arguments[1]) for call in calls[1:]] == [ROWS, 1]
    assert insert_packages("n1", [])[1:] == []


def test_a_check_that_cannot_be_told_is_not_sent() -> None:
    known = Check("fs_u", "/var", 81, CheckState.OK, 90, 95, service="vm188")
    unknown = Check("vg_u", "data", None, CheckState.UNKNOWN, 90, 95)
    (call,) = push_checks(CheckReport("n1", 1e9, (known, unknown)))
    hold_against_tables(call)
    assert [row["chk_instance"] for row in fields(call)] == ["/var"]
