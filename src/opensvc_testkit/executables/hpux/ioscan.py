"""Simulated ``ioscan`` of HP-UX 11.23 and 11.31: disks by their special files, as table and in fields.

``-m dsf`` and the fields of ``-F`` are after captures in the vendor notes; hardware paths, majors and minors are made
up; tables are [R] but for their headers.
"""

from __future__ import annotations

from opensvc_testkit.executables import disks
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

USAGE = "[-N] [-k|-u] [-e] [-d driver|-C class] [-I instance] [-H hw_path] [-f[-n]|-F[-n]] [devfile]"
DSF_HEADER = ["Persistent DSF           Legacy DSF(s)", "=" * 40]
HEADER = ["Class     I  H/W Path        Driver S/W State   H/W Type     Description", "=" * 71]
WWID_HEADER = ["Class     I  H/W Path  wwid", "=" * 50]


class _Entry:
    """One disk as ioscan sees it: a LUN in the agile view, a path in the legacy one."""

    def __init__(self, disk: SharedDisk, instance: int, path: str, driver: str, files: list[str], state: str) -> None:
        self.disk, self.instance, self.path, self.driver = disk, instance, path, driver
        self.files, self.state = files, state


def run(call: Call) -> Answer:
    """Answer one ``ioscan`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    with call.store.opened() as world:
        node = call.here(world)
        flags = "kufneF" + ("N" if lun_table.state_of(node)["release"] >= "B.11.31" else "")
        try:
            options, rest = read_options(call.words, flags, "CdIHmP")
        except UsageError as error:
            return usage("ioscan", error, USAGE)
        if options.get("m"):
            if options["m"] != ["dsf"] or "N" not in flags:
                raise NotSimulatedError("ioscan -m " + " ".join(options["m"]))
            return _special_files(world, node, rest, in_fields="F" in options)
        if options.get("C", ["disk"]) != ["disk"] or "d" in options or "H" in options:
            raise NotSimulatedError("ioscan " + " ".join(call.words))
        entries = _agile(world, node) if "N" in options or "P" in options else _legacy(world, node)
        if "I" in options:
            entries = [entry for entry in entries if str(entry.instance) == options["I"][-1]]
        if rest:
            found = lun_table.find_lun(world, node, rest[0])
            entries = [entry for entry in entries if found and entry.disk is found[0]]
        if "P" in options:
            return _property(entries, options["P"][-1])
    lines = [line for entry in entries for line in _lines(entry, options)]
    return Answer(0, "".join(f"{line}\n" for line in ([] if "F" in options else HEADER) + lines))


def _special_files(world: World, node: Node, rest: list[str], *, in_fields: bool) -> Answer:
    pairs = [(lun_table.persistent(lun, is_raw=True), disk["paths"][node["name"]])
             for disk, lun in lun_table.luns_of(world, node)]  # fmt: skip
    if rest:
        found = lun_table.find_lun(world, node, rest[0])
        if found is None:
            # [R]
            return Answer(1, "", f"ioscan: {rest[0]}: No such device in the system\n")
        disk, lun = found
        is_raw = lun_table.raw(rest[0]) == rest[0]
        legacy = disk["paths"][node["name"]]
        pairs = [
            (
                rest[0] if lun_table.is_persistent(lun, rest[0]) else lun_table.persistent(lun, is_raw=is_raw),
                legacy if is_raw else [lun_table.block(path) for path in legacy],
            )
        ]
    pairs = [(path, legacy) for path, legacy in pairs if path]
    if in_fields:
        return Answer(0, "".join(f"{path}:{' '.join(legacy)}\n" for path, legacy in pairs))
    lines = [*DSF_HEADER]
    for path, legacy in pairs:
        lines.append(f"{path:<24} {legacy[0] if legacy else ''}".rstrip())
        lines += [f"{'':<24} {other}" for other in legacy[1:]]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _state(*, is_lost: bool) -> str:
    return "NO_HW" if is_lost else "CLAIMED"


def _agile(world: World, node: Node) -> list[_Entry]:
    return [
        _Entry(
            disk,
            lun["instance"],
            f"64000/0xfa00/0x{lun['instance']:x}",
            "esdisk",
            list(lun["files"]),
            _state(is_lost=lun_table.is_lost(disk, node)),
        )
        for disk, lun in lun_table.luns_of(world, node)
    ]


def _legacy(world: World, node: Node) -> list[_Entry]:
    found: list[_Entry] = []
    for disk, _ in lun_table.luns_of(world, node):
        for path in disk["paths"][node["name"]]:
            state = _state(is_lost=disks.is_lost(disk, node["name"], path))
            files = [lun_table.block(path), path]
            found.append(_Entry(disk, len(found), f"0/1/1/0.{len(found)}.0", "sdisk", files, state))
    return found


def _lines(entry: _Entry, options: dict[str, list[str]]) -> list[str]:
    description = f"{entry.disk['vendor']:<8.8}{entry.disk['model']:.16}"
    files = " ".join(f"{path:<18}" for path in entry.files).rstrip()
    device = [f"{'':<22}{files}"] if "n" in options and files else []
    if "F" in options:
        # Block and raw major of the agile and of the legacy driver; the rest of the numbers mean nothing here.
        majors = "1:12" if entry.driver == "esdisk" else "31:188"
        fields = ["scsi", "wsio", "T", "T", "F", *majors.split(":"), str(entry.instance), "disk", entry.driver,
                  entry.path, "0 0 4 50 0 0 0 0 0 0 0 0 0 0 0 0 ", str(entry.instance),
                  f"root.{entry.driver}", entry.driver, entry.state, "DEVICE", description, "0"]  # fmt: skip
        health = ["online" if entry.state == "CLAIMED" else "offline"] if "N" in options else []
        return [":".join([*fields, *health]), *device]
    head = f"disk   {entry.instance:>4}  {entry.path:<15} {entry.driver:<6} {entry.state:<11} {'DEVICE':<12} "
    return [f"{head}{description}".rstrip(), *device]


def _property(entries: list[_Entry], name: str) -> Answer:
    if name != "wwid":
        raise NotSimulatedError(f"ioscan -P {name}")
    lines = [f"disk   {entry.instance:>4}  {entry.path}  {lun_table.wwid_of(entry.disk)}" for entry in entries]
    return Answer(0, "".join(f"{line}\n" for line in [*WWID_HEADER, *lines]))
