"""The only door for drivers and library users: everything here is stable within one API version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker

from opensvc_core.batching import one_by_one
from opensvc_core.clock import Cancel, Clock, Deadline
from opensvc_core.config.keywords import Keyword, Kind
from opensvc_core.context import Context
from opensvc_core.errors import (
    ActionError,
    Cancelled,
    CommandError,
    CommandFailed,
    CommandNotFound,
    CommandTimeout,
    ConfigError,
    ConfigProblem,
    DriverError,
    ExitStatus,
    Frozen,
    JournalError,
    Locked,
    OpenSVCError,
    PlanError,
    ReservationError,
    ServiceNotFound,
    Undetermined,
    Vetoed,
    WaitTimeout,
)
from opensvc_core.events import Event, EventKind
from opensvc_core.fanout import side_by_side
from opensvc_core.host import Command, CommandResult, Host, Spawned
from opensvc_core.model import (
    Device,
    Evidence,
    InventoryItem,
    LogicalUnit,
    NodeState,
    Note,
    Outcome,
    Phase,
    Registrations,
    Reservation,
    Resource,
    ResourceId,
    Service,
    Severity,
    Status,
    StatusReport,
    Veto,
)
from opensvc_core.recording import CommandLine

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.jobs import NodeJob
    from opensvc_core.actions.opening import open_agent
    from opensvc_core.actions.recording import status_data
    from opensvc_core.channel import Channel, ChannelEnd, Stream
    from opensvc_core.config.values import parse_duration
    from opensvc_core.container import ContainerLifeCycle
    from opensvc_core.container_migration import MIGRATION_KEYWORDS, MigratingLifeCycle
    from opensvc_core.container_platform import (
        LIFE_CYCLE_KEYWORDS,
        ContainerPlatform,
        GuestState,
        guest_address,
        guest_name,
        is_guest_running,
    )
    from opensvc_core.feed import Change, ChangeKind, Feed
    from opensvc_core.host.guest import SshGuest
    from opensvc_core.hpux.luns import HpuxLun, raw_file, read_luns, read_wwid
    from opensvc_core.hpux.special_files import (
        SpecialFile,
        format_special_files,
        identify_special_files,
        load_special_files,
        restore_special_files,
    )
    from opensvc_core.inventory.checks import run_checks
    from opensvc_core.inventory.collect import collect_inventory
    from opensvc_core.inventory.disk_ids import to_scsi_id
    from opensvc_core.inventory.fact_names import trouble_with_fact
    from opensvc_core.inventory.facts import read_node_facts
    from opensvc_core.inventory.packages import list_packages
    from opensvc_core.inventory.records import (
        Check,
        CheckReport,
        CheckState,
        DiskRecord,
        Interface,
        Inventory,
        NodeFacts,
        Package,
        PackageList,
        Patch,
        ResourceFacts,
        ServiceInventory,
    )
    from opensvc_core.journal_records import CommandRecord, RunRecord, StepRecord
    from opensvc_core.node import Node
    from opensvc_core.plan import Plan, Selection
    from opensvc_core.push_stamp import push_stamp, stamp_push, unpushed
    from opensvc_core.recovery_flag import flag_disk, is_recovering
    from opensvc_core.replication import Copy, Transfer
    from opensvc_core.run import Run, RunOutcome, StepState
    from opensvc_core.state_files import write_text
    from opensvc_core.unit_paths import (
        ANY_PATH_TROUBLE,
        ask_units,
        on_every_path,
        on_one_path,
        on_paths_that_are_up,
    )

API_VERSION = 1
"""A driver that sets ``api_version`` to another number is refused when it is loaded."""

hookimpl = HookimplMarker("opensvc")

# Loaded when first asked for: a driver needs no journal, a status needs no container life cycle.
_LATE = {
    "Agent": "opensvc_core.actions.agent",
    "open_agent": "opensvc_core.actions.opening",
    "NodeJob": "opensvc_core.actions.jobs",
    "status_data": "opensvc_core.actions.recording",
    "Channel": "opensvc_core.channel",
    "ChannelEnd": "opensvc_core.channel",
    "Stream": "opensvc_core.channel",
    "ContainerLifeCycle": "opensvc_core.container",
    "MIGRATION_KEYWORDS": "opensvc_core.container_migration",
    "MigratingLifeCycle": "opensvc_core.container_migration",
    "ContainerPlatform": "opensvc_core.container_platform",
    "GuestState": "opensvc_core.container_platform",
    "LIFE_CYCLE_KEYWORDS": "opensvc_core.container_platform",
    "guest_address": "opensvc_core.container_platform",
    "guest_name": "opensvc_core.container_platform",
    "is_guest_running": "opensvc_core.container_platform",
    "Change": "opensvc_core.feed",
    "ChangeKind": "opensvc_core.feed",
    "Feed": "opensvc_core.feed",
    "parse_duration": "opensvc_core.config.values",
    "SshGuest": "opensvc_core.host.guest",
    "HpuxLun": "opensvc_core.hpux.luns",
    "raw_file": "opensvc_core.hpux.luns",
    "read_luns": "opensvc_core.hpux.luns",
    "read_wwid": "opensvc_core.hpux.luns",
    "SpecialFile": "opensvc_core.hpux.special_files",
    "format_special_files": "opensvc_core.hpux.special_files",
    "identify_special_files": "opensvc_core.hpux.special_files",
    "load_special_files": "opensvc_core.hpux.special_files",
    "restore_special_files": "opensvc_core.hpux.special_files",
    "write_text": "opensvc_core.state_files",
    "run_checks": "opensvc_core.inventory.checks",
    "collect_inventory": "opensvc_core.inventory.collect",
    "to_scsi_id": "opensvc_core.inventory.disk_ids",
    "read_node_facts": "opensvc_core.inventory.facts",
    "trouble_with_fact": "opensvc_core.inventory.fact_names",
    "list_packages": "opensvc_core.inventory.packages",
    "Check": "opensvc_core.inventory.records",
    "CheckReport": "opensvc_core.inventory.records",
    "CheckState": "opensvc_core.inventory.records",
    "DiskRecord": "opensvc_core.inventory.records",
    "Interface": "opensvc_core.inventory.records",
    "Inventory": "opensvc_core.inventory.records",
    "NodeFacts": "opensvc_core.inventory.records",
    "Package": "opensvc_core.inventory.records",
    "PackageList": "opensvc_core.inventory.records",
    "Patch": "opensvc_core.inventory.records",
    "ResourceFacts": "opensvc_core.inventory.records",
    "ServiceInventory": "opensvc_core.inventory.records",
    "flag_disk": "opensvc_core.recovery_flag",
    "is_recovering": "opensvc_core.recovery_flag",
    "ANY_PATH_TROUBLE": "opensvc_core.unit_paths",
    "ask_units": "opensvc_core.unit_paths",
    "on_every_path": "opensvc_core.unit_paths",
    "on_one_path": "opensvc_core.unit_paths",
    "on_paths_that_are_up": "opensvc_core.unit_paths",
    "CommandRecord": "opensvc_core.journal_records",
    "RunRecord": "opensvc_core.journal_records",
    "StepRecord": "opensvc_core.journal_records",
    "Node": "opensvc_core.node",
    "Plan": "opensvc_core.plan",
    "Selection": "opensvc_core.plan",
    "push_stamp": "opensvc_core.push_stamp",
    "stamp_push": "opensvc_core.push_stamp",
    "unpushed": "opensvc_core.push_stamp",
    "Copy": "opensvc_core.replication",
    "Transfer": "opensvc_core.replication",
    "Run": "opensvc_core.run",
    "RunOutcome": "opensvc_core.run",
    "StepState": "opensvc_core.run",
}


def __getattr__(name: str) -> Any:
    """The late members of the door."""
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ANY_PATH_TROUBLE",
    "API_VERSION",
    "LIFE_CYCLE_KEYWORDS",
    "MIGRATION_KEYWORDS",
    "ActionError",
    "Agent",
    "Cancel",
    "Cancelled",
    "Change",
    "ChangeKind",
    "Channel",
    "ChannelEnd",
    "Check",
    "CheckReport",
    "CheckState",
    "Clock",
    "Command",
    "CommandError",
    "CommandFailed",
    "CommandLine",
    "CommandNotFound",
    "CommandRecord",
    "CommandResult",
    "CommandTimeout",
    "ConfigError",
    "ConfigProblem",
    "ContainerLifeCycle",
    "ContainerPlatform",
    "Context",
    "Copy",
    "Deadline",
    "Device",
    "DiskRecord",
    "DriverError",
    "Event",
    "EventKind",
    "Evidence",
    "ExitStatus",
    "Feed",
    "Frozen",
    "GuestState",
    "Host",
    "HpuxLun",
    "Interface",
    "Inventory",
    "InventoryItem",
    "JournalError",
    "Keyword",
    "Kind",
    "Locked",
    "LogicalUnit",
    "MigratingLifeCycle",
    "Node",
    "NodeFacts",
    "NodeJob",
    "NodeState",
    "Note",
    "OpenSVCError",
    "Outcome",
    "Package",
    "PackageList",
    "Patch",
    "Phase",
    "Plan",
    "PlanError",
    "Registrations",
    "Reservation",
    "ReservationError",
    "Resource",
    "ResourceFacts",
    "ResourceId",
    "Run",
    "RunOutcome",
    "RunRecord",
    "Selection",
    "Service",
    "ServiceInventory",
    "ServiceNotFound",
    "Severity",
    "Spawned",
    "SpecialFile",
    "SshGuest",
    "Status",
    "StatusReport",
    "StepRecord",
    "StepState",
    "Stream",
    "Transfer",
    "Undetermined",
    "Veto",
    "Vetoed",
    "WaitTimeout",
    "ask_units",
    "collect_inventory",
    "flag_disk",
    "format_special_files",
    "guest_address",
    "guest_name",
    "hookimpl",
    "identify_special_files",
    "is_guest_running",
    "is_recovering",
    "list_packages",
    "load_special_files",
    "on_every_path",
    "on_one_path",
    "on_paths_that_are_up",
    "one_by_one",
    "open_agent",
    "parse_duration",
    "push_stamp",
    "raw_file",
    "read_luns",
    "read_node_facts",
    "read_wwid",
    "restore_special_files",
    "run_checks",
    "side_by_side",
    "stamp_push",
    "status_data",
    "to_scsi_id",
    "trouble_with_fact",
    "unpushed",
    "write_text",
]
