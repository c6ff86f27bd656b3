"""The keywords of `[default]` (the vocabulary of 2010)."""

from __future__ import annotations

from typing import Final

from opensvc_core.config.keywords import Keyword, Kind

HOSTED: Final = "hosted"
"""The mode of a service without a guest."""

MODES: Final = (HOSTED, "kvm", "xen", "hpvm", "zone", "lxc", "ldom", "jail")
"""Modes of 2010. Other guests are named by ``[container#0] type = ...``."""

SERVICE_TYPES: Final = ("PRD", "DEV", "TMP", "TST")

DEFAULT_KEYWORDS: Final = (
    Keyword("app", "Code of the application that the service is part of, for reports.", example="ERP"),
    Keyword("comment", "Free text for people.", example="recette gen db #2"),
    Keyword(
        "mode",
        "What the service runs in. Any mode but `hosted` gives the service the resource `container#0` with the driver "
        "`container.<mode>`, unless it has a container section.",
        choices=MODES,
        is_scopable=False,
        example="kvm",
    ),
    Keyword(
        "service_type",
        "Production, development, temporary or test. Must be given where `mode` is.",
        default="DEV",
        choices=SERVICE_TYPES,
        is_scopable=False,
        example="PRD",
    ),
    Keyword(
        "nodes",
        "The production nodes: those able to run the service in a normal situation. Default: the node that reads it.",
        Kind.WORDS,
        is_scopable=False,
        example="node109 node110",
    ),
    Keyword(
        "autostart_node",
        "The production node, or nodes, that the service is started on when the node boots.",
        Kind.WORDS,
        is_scopable=False,
        example="node109",
    ),
    Keyword(
        "parents",
        "Services that must be up, on this node or another, before this one starts. Of services that are started "
        "together a parent comes first; of those that are stopped together it goes last.",
        Kind.WORDS,
        is_scopable=False,
        example="infraprddns01",
    ),
    Keyword(
        "drp_unreachable",
        "What a production node does at boot where a disaster-recovery node cannot be asked whether the service runs "
        "there: `veto` starts nothing, `warn` starts it and says so.",
        default="veto",
        choices=("veto", "warn"),
        is_scopable=False,
    ),
    Keyword("drpnode", "The first of the disaster-recovery nodes.", is_scopable=False, example="vm5"),
    Keyword(
        "drpnodes",
        "The disaster-recovery nodes: those that may run the service in a disaster recovery situation.",
        Kind.WORDS,
        is_scopable=False,
        example="vm5 vm6",
    ),
    Keyword(
        "scsireserv",
        "Whether SCSI-3 persistent reservations are taken on the disks of the service: `[vmdg]`, `vg#`, `pool#` and "
        "`disk#` sections; where there are none, on the disks of its guest. A section's own `scsireserv` wins. For "
        "disks that are shared among nodes, dedicated to the service and able to do it.",
        Kind.BOOLEAN,
        default=False,
    ),
    Keyword(
        "vm_name",
        "Name of the guest, as the hypervisor knows it. Default: the name of the service.",
        example="vm188",
    ),
    Keyword(
        "guest_os",
        "Operating system of the guest, as `uname -s` would print it there, or `windows`.",
        example="Linux",
    ),
    Keyword("jailroot", "Root folder of the jail; needed in mode `jail`.", Kind.PATH, example="/jails/web01"),
    Keyword("drp_type", "Type of the service on disaster-recovery nodes.", choices=SERVICE_TYPES),
    Keyword("drnoaction", "Whether actions are refused on disaster-recovery nodes.", Kind.BOOLEAN, default=False),
    Keyword("bwlimit", "Bandwidth that replication may use, in KB a second. Default: no limit.", Kind.INTEGER),
    Keyword("sync_min_delay", "Minutes between two replications.", Kind.INTEGER, default=30),
    Keyword("sync_max_delay", "Minutes after which replicated data is too old.", Kind.INTEGER, default=1440),
    Keyword(
        "sync_schedule",
        "When the service is replicated by itself. Default: `sync_schedule` in `[node]` of `node.conf`, else "
        "`04:00-06:00@121`.",
        Kind.SCHEDULE,
        example="~22:00-04:00 mon-fri",
    ),
    Keyword(
        "presnap_trigger",
        "Command to run before snapshots are made for replication, for `sync#` sections with `snap` that give none.",
    ),
    Keyword(
        "postsnap_trigger",
        "Command to run when snapshots for replication are made, for `sync#` sections with `snap` that give none.",
    ),
    Keyword("containerize", "Whether applications run in a control group.", Kind.BOOLEAN, default=True),
    Keyword("container_cpus", "CPUs of that control group.", example="0-2"),
    Keyword("container_mems", "Memory nodes of that control group.", example="0-1"),
    Keyword("container_cpu_share", "CPU share of that control group.", Kind.INTEGER, aliases=("container_cpu_shares",)),
    Keyword("container_mem_limit", "Memory limit of that control group.", example="512MiB"),
    Keyword("container_vmem_limit", "Limit of memory and swap of that control group.", example="1GiB"),
)
"""Every keyword that ``[default]`` may have."""

WITHOUT_EFFECT: Final = frozenset(
    {
        "drp_type",
        "drnoaction",
        "containerize",
        "container_cpus",
        "container_mems",
        "container_cpu_share",
        "container_mem_limit",
        "container_vmem_limit",
    }
)
"""Keywords of ``[default]`` that are read and checked, and that nothing in this version acts upon."""
