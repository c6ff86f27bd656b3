"""The collector's methods and their fields, as data: what the agents of 2010 to 2013 sent, and what ours adds."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from opensvc_testkit.collector.kinds import Kind


class Shape(Enum):
    """What arguments a method takes, before the pair that says who calls."""

    ROW = "vars, vals"
    """Two lists: names, and a value each."""
    ROWS = "vars, vals of vals"
    """Names, and a list of lists with a value for each of them."""
    EITHER = "vars, vals or vals of vals"
    PAIRS = "vars, vals, vars, vals of vals"
    """A row, and rows that belong to it."""
    WORDS = "words"
    """Plain texts."""
    LIST = "list of words"
    """One list of texts."""
    NONE = "nothing"


@frozen
class Field:
    """One field of a record.

    Attributes:
        name: in ``vars``.
        kind: of its value.
        also: another name that agents gave it.
        is_optional: whether it may be left out.
        is_bare: whether its value stands without quotes even where all others have them.
    """

    name: str
    kind: Kind
    also: str = ""
    is_optional: bool = False
    is_bare: bool = False


@frozen
class Method:
    """One method.

    Attributes:
        name: that is called.
        shape: of its arguments.
        fields: of each record.
        record: kind of what the collector keeps; empty for nothing.
        key: fields that name a record: a later one with the same replaces what it has of it.
        more: fields of the rows that belong to the row (``Shape.PAIRS``).
        is_open: whether it may be called by who is not registered.
    """

    name: str
    shape: Shape
    fields: tuple[Field, ...] = ()
    record: str = ""
    key: tuple[str, ...] = ()
    more: tuple[Field, ...] = ()
    is_open: bool = False


def _fields(kind: Kind, *names: str, is_optional: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, kind, is_optional=is_optional) for name in names)


IDENTITY = "action_id"
"""The field that tells one event from all others; ours, as the tables of 2010 have none."""
SESSION = "sid"
"""That of agents of 2.1: one for all that one command does."""
_IDENTITIES = _fields(Kind.IDENTITY, IDENTITY, SESSION, is_optional=True)
_WHO = (
    Field("svcname", Kind.NAME),
    Field("action", Kind.WORDS),
    Field("hostname", Kind.NAME),
    Field("hostid", Kind.HOST_ID),
)
_ACTION_KEY = ("svcname", "hostname", "action", "begin")
_GROUPS = ("ip", "disk", "sync", "container", "fs", "app", "overall")
_LATER_GROUPS = ("hb", "share", "avail")
_STATUS = (
    Field("mon_svcname", Kind.NAME),
    Field("mon_svctype", Kind.ENVIRONMENT),
    Field("mon_nodname", Kind.NAME),
    Field("mon_nodtype", Kind.MAYBE_ENVIRONMENT),
    Field("mon_hostid", Kind.HOST_ID),
    *_fields(Kind.STATUS, *(f"mon_{group}status" for group in _GROUPS)),
    Field("mon_updated", Kind.TIME),
    Field("mon_prinodes", Kind.NAMES),
    Field("mon_frozen", Kind.FLAG),
    *_fields(Kind.MAYBE_NAME, "mon_vmname", "mon_vmtype", is_optional=True),
    *_fields(Kind.STATUS, *(f"mon_{group}status" for group in _LATER_GROUPS), is_optional=True),
)
_RESOURCE = (
    Field("svcname", Kind.NAME),
    Field("nodename", Kind.NAME),
    Field("rid", Kind.NAME),
    Field("res_desc", Kind.TEXT),
    Field("res_status", Kind.STATUS),
    Field("updated", Kind.TIME),
    Field("res_log", Kind.LOG, is_bare=True),
)
_PLACES = ("country", "zip", "city", "addr", "building", "floor", "room", "rack")

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "begin_action", Shape.ROW,
            (
                *_WHO,
                Field("version", Kind.TEXT),
                Field("begin", Kind.TIME),
                *_IDENTITIES,
                Field("status_log", Kind.LOG, is_optional=True),
                Field("cron", Kind.FLAG, is_optional=True),
            ),
            "action", _ACTION_KEY,
        ),
        Method(
            "res_action_batch", Shape.ROWS,
            (
                Field("svcname", Kind.NAME),
                Field("action", Kind.RESOURCE_ACTION),
                Field("hostname", Kind.NAME),
                Field("hostid", Kind.HOST_ID),
                Field("pid", Kind.PID),
                Field("begin", Kind.TIME),
                Field("end", Kind.TIME),
                Field("status_log", Kind.LOG),
                Field("status", Kind.SEVERITY),
                *_IDENTITIES,
            ),
            "resource_action", ("svcname", "hostname", "action", "pid", "begin", "status_log"),
        ),
        Method(
            "end_action", Shape.ROW,
            (
                *_WHO,
                Field("pid", Kind.PIDS),
                Field("begin", Kind.TIME),
                Field("end", Kind.TIME),
                Field("time", Kind.DURATION),
                Field("status", Kind.SEVERITY),
                *_IDENTITIES,
            ),
            "action", _ACTION_KEY,
        ),
        Method("svcmon_update", Shape.ROW, _STATUS, "status", ("mon_svcname", "mon_nodname")),
        Method(
            "svcmon_update_combo", Shape.PAIRS, _STATUS, "status", ("mon_svcname", "mon_nodname"), more=_RESOURCE
        ),
        Method("resmon_update", Shape.EITHER, _RESOURCE, "resource", ("svcname", "nodename", "rid")),
        Method(
            "update_service", Shape.ROW,
            (
                Field("svc_hostid", Kind.HOST_ID),
                Field("svc_name", Kind.NAME),
                Field("svc_vmname", Kind.MAYBE_NAME),
                Field("svc_type", Kind.ENVIRONMENT),
                Field("svc_nodes", Kind.NAMES),
                Field("svc_drpnode", Kind.MAYBE_NAME),
                Field("svc_drpnodes", Kind.NAMES),
                Field("svc_comment", Kind.TEXT),
                Field("svc_drptype", Kind.TEXT),
                Field("svc_autostart", Kind.NAMES),
                Field("svc_app", Kind.TEXT),
                Field("svc_containertype", Kind.CONTAINER),
                Field("svc_envfile", Kind.CONFIGURATION),
                Field("svc_version", Kind.TEXT),
                Field("svc_drnoaction", Kind.TRUTH),
                Field("svc_guestos", Kind.TEXT),
                Field("svc_vcpus", Kind.MAYBE_NUMBER, is_optional=True, is_bare=True),
                Field("svc_vmem", Kind.MAYBE_NUMBER, is_optional=True, is_bare=True),
            ),
            "service", ("svc_name",),
        ),
        Method("delete_service_list", Shape.LIST),
        Method("delete_disks", Shape.WORDS, (Field("svcname", Kind.NAME), Field("nodename", Kind.NAME))),
        Method(
            "register_disk", Shape.ROW,
            (
                Field("disk_id", Kind.NAME),
                Field("disk_svcname", Kind.NAME),
                Field("disk_size", Kind.NUMBER),
                Field("disk_vendor", Kind.TEXT),
                Field("disk_model", Kind.TEXT),
                Field("disk_dg", Kind.MAYBE_NAME),
                Field("disk_nodename", Kind.NAME),
            ),
            "disk", ("disk_svcname", "disk_nodename", "disk_id"),
        ),
        Method(
            "update_asset", Shape.ROW,
            (
                Field("nodename", Kind.NAME),
                *_fields(Kind.TEXT, "os_name", "os_vendor", "os_release", "os_kernel", "os_arch"),
                *_fields(Kind.MAYBE_NUMBER, "mem_bytes", "mem_banks", "mem_slots", "cpu_freq", "cpu_cores", "cpu_dies"),
                *_fields(Kind.TEXT, "cpu_model", "serial", "model"),
                Field("environnement", Kind.MAYBE_ENVIRONMENT),
                Field("host_mode", Kind.MAYBE_ENVIRONMENT, is_optional=True),
                Field("enclosure", Kind.TEXT, is_optional=True),
                *_fields(Kind.TEXT, *(f"loc_{place}" for place in _PLACES), is_optional=True),
                *_fields(Kind.TEXT, "team_responsible", "team_integ", "team_support", "project", is_optional=True),
            ),
            "asset", ("nodename",),
        ),
        Method("delete_pkg", Shape.WORDS, (Field("nodename", Kind.NAME),)),
        Method(
            "insert_pkg", Shape.ROWS,
            (
                Field("pkg_nodename", Kind.NAME, also="nodename"),
                Field("pkg_name", Kind.NAME, also="name"),
                Field("pkg_version", Kind.WORDS, also="version"),
                Field("pkg_arch", Kind.TEXT, also="arch"),
            ),
            "package", ("pkg_nodename", "pkg_name", "pkg_arch"),
        ),
        Method("delete_patch", Shape.WORDS, (Field("nodename", Kind.NAME),)),
        Method(
            "insert_patch", Shape.ROWS,
            (
                Field("patch_nodename", Kind.NAME, also="nodename"),
                Field("patch_num", Kind.NAME, also="num"),
                Field("patch_rev", Kind.TEXT, also="rev"),
            ),
            "patch", ("patch_nodename", "patch_num"),
        ),
        Method(
            "push_checks", Shape.ROWS,
            (
                Field("chk_nodename", Kind.NAME),
                Field("chk_svcname", Kind.MAYBE_NAME),
                Field("chk_type", Kind.NAME),
                Field("chk_instance", Kind.WORDS),
                Field("chk_value", Kind.NUMBER),
                Field("chk_updated", Kind.TIME),
            ),
            "check", ("chk_nodename", "chk_type", "chk_instance"),
        ),
        Method("register_node", Shape.WORDS, (Field("nodename", Kind.NAME),), is_open=True),
        Method("system.listMethods", Shape.NONE, is_open=True),
    )
}  # fmt: skip
"""Every method that the recording collector has, by name. Those for statistics it has not."""

DELETIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "delete_service_list": ("service", ("svc_name",)),
    "delete_disks": ("disk", ("disk_svcname", "disk_nodename")),
    "delete_pkg": ("package", ("pkg_nodename",)),
    "delete_patch": ("patch", ("patch_nodename",)),
}
"""Method, kind of the records that it takes away, and the first fields of their key that its words name."""
