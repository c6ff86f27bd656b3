"""Simulated ``vgexport`` and ``vgimport`` of HP-UX, and the map files between them.

Options are from the manual pages and from drivers; the content of a map file and all texts but the warning about block
sizes (quoted from a real system) are [R].
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH123
from __future__ import annotations

from opensvc_testkit.executables import disks, life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import group_table, lun_table
from opensvc_testkit.executables.hpux.group_table import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

EXPORT_USAGE = "[-m mapfile] [-p] [-s] [-v] [-f outfile] vg_name"
IMPORT_USAGE = "[-m mapfile] [-N] [-C] [-p] [-s] [-v] [-f infile] vg_name [pv_path...]"


def run(call: Call) -> Answer:
    """Answer one call of the two."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    is_export = call.name == "vgexport"
    try:
        options, words = read_options(call.words, "psv" if is_export else "pNCsv", "mf")
        if not words or (is_export and len(words) > 1):
            raise UsageError("vg_name is needed")
    except UsageError as error:
        return usage(call.name, error, EXPORT_USAGE if is_export else IMPORT_USAGE)
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        try:
            if is_export:
                return _export(node, words[0], options)
            return _import(world, node, words, options)
        except RefusedError as error:
            return group_table.failed(error)


# -- map files -------------------------------------------------------------------------------------------------------


def _map_text(group: dict[str, Any], *, is_sharable: bool) -> str:
    first = f"VGID {group['vgid']}\n" if is_sharable else ""
    return first + "".join(f"{number} {name}\n" for number, name in sorted(group["names"].items(), key=_by_number))


def _by_number(pair: tuple[str, str]) -> int:
    return int(pair[0])


def _write(tool: str, path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise RefusedError(f"{tool}: Cannot open {path}: {error.strerror}\n") from None


def _read_map(path: str) -> tuple[str, dict[str, str]]:
    """Identity of the group (empty if the map has none) and names of volumes by number."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError as error:
        raise RefusedError(f"vgimport: Cannot open map file {path}: {error.strerror}\n") from None
    vgid, names = "", {}
    for words in lines:
        if len(words) == 2 and words[0] == "VGID":
            vgid = words[1]
        elif len(words) == 2 and words[0].isdigit():
            names[words[0]] = words[1]
        elif words:
            raise RefusedError(f"vgimport: Map file {path} is not valid.\n")
    return vgid, names


# -- vgexport --------------------------------------------------------------------------------------------------------


def _export(node: Node, word: str, options: dict[str, list[str]]) -> Answer:
    name = group_table.full_name(word)
    group = group_table.find_group(node, "vgexport", word)
    active = f'vgexport: Volume group "{name}" is still active.\n' if group["mode"] else ""
    if active and "p" not in options:
        raise RefusedError(active)
    said = ""
    if "v" in options:
        said = f'Beginning the export process on Volume Group "{name}".\n' + "".join(f"{f}\n" for f in group["files"])
    if "m" in options:
        _write("vgexport", options["m"][-1], _map_text(group, is_sharable="s" in options))
    if "f" in options:
        _write("vgexport", options["f"][-1], "".join(f"{file}\n" for file in group["files"]))
    if "p" in options:
        # The map is written of an active group too: a warning, not a failure.
        return Answer(0, said, active)
    del group_table.groups_of(node)[name]
    return Answer(0, f'{said}vgexport: Volume group "{name}" has been successfully removed.\n')


# -- vgimport --------------------------------------------------------------------------------------------------------


def _import(world: World, node: Node, words: list[str], options: dict[str, list[str]]) -> Answer:
    if "C" in options:
        raise NotSimulatedError("vgimport -C")
    name = group_table.full_name(words[0])
    state = lun_table.state_of(node)
    if name in group_table.groups_of(node):
        raise RefusedError(f'vgimport: Volume group "{name}" already exists.\n')
    if f"{name}/group" in state["leftovers"]:
        raise RefusedError(f'vgimport: Couldn\'t make the special file "{name}/group": File exists\n')
    if "s" in options and ("m" not in options or len(words) > 1):
        raise RefusedError("vgimport: The -s option needs a map file, and no physical volumes.\n")
    vgid, names = _read_map(options["m"][-1]) if "m" in options else ("", {})
    if "s" in options:
        if not vgid:
            raise RefusedError(f"vgimport: The map file {options['m'][-1]} has no VGID.\n")
        found, warned = _scan(world, node, vgid)
        files = [file for disk, lun in found for file in _files(node, disk, lun, is_agile="N" in options)]
    else:
        found, files = _given(world, node, words[1:] or _listed(options))
        warned = ""
    if not files:
        raise RefusedError(f'{warned}vgimport: Cannot find any physical volume of the volume group "{name}".\n')
    label = found[0][0]["label"]
    for other, group in group_table.groups_of(node).items():
        if group["vgid"] == label["vgid"]:
            raise RefusedError(
                f'vgimport: The physical volume "{files[0]}" belongs to volume group "{other}" already.\n'
            )
    if len({disk["wwid"] for disk, _ in found}) < label["pvs"]:
        warned += (
            f'Warning: The volume group "{name}" has {label["pvs"]} physical volumes, of which some are missing.\n'
        )
    if "p" in options:
        return Answer(0, f'vgimport: Volume group "{name}" can be imported.\n', warned)
    names = {str(number): names.get(str(number), f"lvol{number}") for number, _ in label["volumes"]}
    group_table.groups_of(node)[name] = group_table.new_group(label, files, names)
    return Answer(
        0,
        f'vgimport: Volume group "{name}" has been successfully created.\n'
        "Warning: A backup of this volume group may not exist on this machine.\n"
        "Please remember to take a backup using the vgcfgbackup command after activating the volume group.\n",
        warned,
    )


def _scan(world: World, node: Node, vgid: str) -> tuple[list[tuple[SharedDisk, dict[str, Any]]], str]:
    """The disks of a group that a node can read, and the warnings about those of which it can read none."""
    found, warned = [], ""
    for disk, lun in lun_table.luns_of(world, node):
        if not disks.is_readable(disk, node["name"]):
            file = lun_table.persistent(lun, is_raw=True) or disk["paths"][node["name"]][0]
            # As quoted from a real system, its empty last line included; it ended with 0.
            warned += (
                f'Warning: Cannot determine block size of Physical Volume "{file}".\n'
                "Assuming a default value of 1024 bytes. Continuing.\nvgimport: \n"
            )
        elif disk["label"].get("vgid") == vgid and disk["label"].get("manager") == group_table.MANAGER:
            found.append((disk, lun))
    return sorted(found, key=lambda pair: pair[0]["label"]["pv"]), warned


def _files(node: Node, disk: SharedDisk, lun: dict[str, Any], *, is_agile: bool) -> list[str]:
    if not is_agile:
        return [lun_table.block(path) for path in disks.working_paths(disk, node["name"])]
    file = lun_table.persistent(lun, is_raw=False)
    return [file] if file else []


def _listed(options: dict[str, list[str]]) -> list[str]:
    if "f" not in options:
        raise RefusedError("vgimport: No physical volumes given.\n")
    try:
        with open(options["f"][-1], encoding="utf-8") as file:
            return file.read().split()
    except OSError as error:
        raise RefusedError(f"vgimport: Cannot open {options['f'][-1]}: {error.strerror}\n") from None


def _given(world: World, node: Node, files: list[str]) -> tuple[list[tuple[SharedDisk, dict[str, Any]]], list[str]]:
    found = []
    for file in files:
        lun = lun_table.find_lun(world, node, file)
        if lun is None or not disks.is_readable(lun[0], node["name"]):
            raise RefusedError(f'vgimport: Couldn\'t open physical volume "{file}": No such device or address\n')
        if lun[0]["label"].get("manager") != group_table.MANAGER:
            raise RefusedError(f'vgimport: The physical volume "{file}" does not belong to a volume group.\n')
        found.append(lun)
    if len({disk["label"]["vgid"] for disk, _ in found}) > 1:
        raise RefusedError("vgimport: The physical volumes do not belong to one volume group.\n")
    return found, files
