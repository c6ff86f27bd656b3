"""Calls as agents of 2010 to 2013 made them, one of each method."""

from __future__ import annotations

from typing import Any

NOW = "2010-05-18 04:00:01.250000"
LATER = "2010-05-18 04:00:03.500000"

BEGIN: dict[str, Any] = {
    "svcname": "vm188",
    "action": "start",
    "hostname": "node109",
    "hostid": "007f0101",
    "version": "1.0-1",
    "begin": NOW,
}
LINE: dict[str, Any] = {
    "svcname": "vm188",
    "action": "container#0 start",
    "hostname": "node109",
    "hostid": "007f0101",
    "pid": "1200",
    "begin": NOW,
    "end": LATER,
    "status_log": "it's up",
    "status": "ok",
}
END: dict[str, Any] = {
    "svcname": "vm188",
    "action": "start",
    "hostname": "node109",
    "hostid": "007f0101",
    "pid": "1200,1201",
    "begin": NOW,
    "end": LATER,
    "time": "0:00:02.250000",
    "status": "warn",
}
STATUS: dict[str, Any] = {
    "mon_svcname": "vm188",
    "mon_svctype": "DEV",
    "mon_nodname": "node109",
    "mon_nodtype": "DEV",
    "mon_hostid": "007f0101",
    "mon_ipstatus": "up",
    "mon_diskstatus": "n/a",
    "mon_syncstatus": "undef",
    "mon_containerstatus": "stdby up",
    "mon_fsstatus": "n/a",
    "mon_appstatus": "n/a",
    "mon_overallstatus": "up",
    "mon_updated": NOW,
    "mon_prinodes": "node109 node110",
    "mon_frozen": "0",
}
RESOURCE: dict[str, Any] = {
    "svcname": "vm188",
    "nodename": "node109",
    "rid": "container#0",
    "res_desc": "vm188",
    "res_status": "up",
    "updated": NOW,
    "res_log": "",
}
SERVICE: dict[str, Any] = {
    "svc_hostid": "007f0101",
    "svc_name": "vm188",
    "svc_vmname": "vm188",
    "svc_type": "DEV",
    "svc_nodes": "node109 node110",
    "svc_drpnode": "",
    "svc_drpnodes": "",
    "svc_comment": "recette gen db #2",
    "svc_drptype": "",
    "svc_autostart": "node109",
    "svc_app": "ERP",
    "svc_containertype": "hpvm",
    "svc_envfile": "[default]\nvm_name = vm188\n",
    "svc_version": "1.0-1",
    "svc_drnoaction": "False",
    "svc_guestos": "",
}
DISK: dict[str, Any] = {
    "disk_id": "3600508b400105e210000900000490000",
    "disk_svcname": "vm188",
    "disk_size": 10240,
    "disk_vendor": "HP",
    "disk_model": "HSV210",
    "disk_dg": "",
    "disk_nodename": "node109",
}
ASSET: dict[str, Any] = {
    "nodename": "node109",
    "os_name": "HP-UX",
    "os_vendor": "HP",
    "os_release": "B.11.31",
    "os_kernel": "U",
    "os_arch": "ia64",
    "mem_bytes": 8192,
    "mem_banks": 4,
    "mem_slots": 8,
    "cpu_freq": "1600",
    "cpu_cores": 4,
    "cpu_dies": 2,
    "cpu_model": "Itanium 2",
    "serial": "DEH0001",
    "model": "rx2660",
    "environnement": "DEV",
}
PACKAGE: dict[str, Any] = {
    "pkg_nodename": "node109",
    "pkg_name": "bash",
    "pkg_version": "4.00",
    "pkg_arch": "ia64",
}
PATCH: dict[str, Any] = {"patch_nodename": "node109", "patch_num": "PHSS_41496", "patch_rev": "1"}
CHECK: dict[str, Any] = {
    "chk_nodename": "node109",
    "chk_svcname": "",
    "chk_type": "fs_u",
    "chk_instance": "/var",
    "chk_value": "42",
    "chk_updated": NOW,
}
ROWS: dict[str, dict[str, Any]] = {
    "begin_action": BEGIN,
    "end_action": END,
    "svcmon_update": STATUS,
    "resmon_update": RESOURCE,
    "update_service": SERVICE,
    "register_disk": DISK,
    "update_asset": ASSET,
}
"""Methods that take one row."""
LISTS: dict[str, dict[str, Any]] = {
    "res_action_batch": LINE,
    "resmon_update": RESOURCE,
    "insert_pkg": PACKAGE,
    "insert_patch": PATCH,
    "push_checks": CHECK,
}
"""Methods that take many."""


def row(fields: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Two parallel lists."""
    return list(fields), list(fields.values())


def rows(*records: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Names, and a list of values for each record."""
    return list(records[0]), [list(each.values()) for each in records]


def quoted(fields: dict[str, Any]) -> dict[str, Any]:
    """The same as 2010 sent it."""
    return {name: repr(value) for name, value in fields.items()}
