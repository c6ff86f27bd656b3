"""Simulated ``pvcreate``, ``vgcreate``, ``lvcreate`` and what takes these away (captured; [R] where it says so)."""

from __future__ import annotations

from opensvc_testkit.executables import sys_tree
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.activation import activate, deactivate
from opensvc_testkit.executables.lvm.allocation import NoSpaceError, allocate, extents_asked
from opensvc_testkit.executables.lvm.lines import FAILED, RefusedError, no_syntax, tag_of, understand
from opensvc_testkit.executables.lvm.metadata import EXTENT, Seen, UnwritableError, new_uuid
from opensvc_testkit.executables.lvm.selection import choose, find_volume, split_name
from opensvc_testkit.executables.lvm.systems import active_of, system_of
from opensvc_testkit.executables.lvm.writing import written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.getopt_long import Parsed
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume

OPTIONS: list[tuple[str, str, bool]] = [
    ("n", "name", True), ("L", "size", True), ("l", "extents", True), ("a", "activate", True), ("Z", "zero", True),
    ("W", "wipesignatures", True), ("", "addtag", True), ("k", "setactivationskip", True), ("", "systemid", True),
    ("K", "ignoreactivationskip", False),
]  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one call."""
    try:
        parsed = understand(call.name, call.words, OPTIONS)
        for text in parsed.all("addtag"):
            tag_of("addtag", text)
        if not parsed.operands:
            raise no_syntax(call.name)
        with call.store.opened() as world:
            seen = Seen(world, call.here(world))
            answer = WORK[call.name](seen, parsed)
            sys_tree.refresh(call.store.folder, world, seen.node)
            return answer
    except RefusedError as refused:
        return refused.answer
    except UnwritableError as error:
        # [R]
        text = warnings.lines(f"Error writing device {error} at 512 length 512.", f"Failed to write label to {error}")
        return Answer(FAILED, "", text)


def _label(seen: Seen, words: list[str], program: str) -> tuple[list[str], Answer]:
    """Physical volumes of some devices, made where they are none."""
    answer, uuids = Answer(), []
    for word in words:
        known = next((uuid for uuid, device in seen.devices.items() if device.path == word), "")
        blank = next((device for device in seen.blank if device.path == word), None)
        if known in seen.orphans:
            uuids.append(known)
        elif known:
            raise _in_use(seen, word, known, program)
        elif blank is None:
            raise RefusedError(FAILED, f"No device found for {word}.")
        else:
            uuids.append(seen.label(blank))
            answer.stdout += warnings.lines(f'Physical volume "{word}" successfully created.')
    return uuids, answer


def _in_use(seen: Seen, word: str, uuid: str, program: str) -> RefusedError:
    name = next(group["name"] for group in seen.groups if any(disk["uuid"] == uuid for disk in group["disks"]))
    if program == "pvcreate":
        texts = [f'Can\'t initialize physical volume "{word}" of volume group "{name}" without -ff']
    else:
        texts = [
            f"Physical volume '{word}' is already in volume group '{name}'",
            f"Unable to add physical volume '{word}' to volume group '{name}'",
        ]
    return RefusedError(FAILED, *texts, f"{word}: physical volume not initialized.")


def _pvcreate(seen: Seen, parsed: Parsed) -> Answer:
    uuids, answer = _label(seen, parsed.operands, "pvcreate")
    if not answer.stdout:
        # What is one already is made anew.
        answer.stdout = warnings.lines(*(f'Physical volume "{word}" successfully created.' for word in parsed.operands))
    del uuids
    return answer


def _vgcreate(seen: Seen, parsed: Parsed) -> Answer:
    name, *words = parsed.operands
    if not words:
        raise no_syntax("vgcreate")
    if seen.named(name):
        raise RefusedError(FAILED, f"A volume group called {name} already exists.")
    uuids, answer = _label(seen, words, "vgcreate")
    group: Group = {
        "name": name,
        "uuid": new_uuid(),
        "seqno": 0,
        "tags": sorted(tag_of("addtag", text) for text in parsed.all("addtag")),
        "system_id": parsed.get("systemid", system_of(seen.node)["system_id"]),
        "exported": False,
        "extent": EXTENT,
        "disks": [
            {"uuid": uuid, "device": seen.devices[uuid].path, "size": seen.devices[uuid].extents, "missing": False}
            for uuid in uuids
        ],
        "volumes": [],
    }
    if written(seen, group, answer):
        owner = f" with system ID {group['system_id']}" if group["system_id"] else ""
        answer.stdout += warnings.lines(f'Volume group "{name}" successfully created{owner}')
    return answer


def _one_group(seen: Seen, answer: Answer, word: str, *, exported: bool = False) -> Group:
    """The group that a word means; what is to be said of it goes into the answer. Raises RefusedError."""
    chosen = choose(seen, [word], exported=exported)
    if chosen.status:
        refused = RefusedError(chosen.status)
        refused.answer.stderr = chosen.stderr
        raise refused
    answer.stderr += warnings.of_reading(seen, chosen.groups)
    return chosen.groups[0]


def _vgremove(seen: Seen, parsed: Parsed) -> Answer:
    answer = Answer()
    for word in parsed.operands:
        group = _one_group(seen, answer, word)
        if group["volumes"]:
            if not parsed.has("yes") and not parsed.has("force"):
                raise NotSimulatedError("vgremove asks whether to go on; give it -y")
            for volume in list(group["volumes"]):
                _remove_volume(seen, group, volume, answer)
                if answer.status:
                    return answer
        for disk in group["disks"]:
            if disk["uuid"] in seen.devices:
                seen.wipe(disk["uuid"], keeps_label=True)
        answer.stdout += warnings.lines(f'Volume group "{word}" successfully removed')
    return answer


def _pvremove(seen: Seen, parsed: Parsed) -> Answer:
    answer = Answer()
    for word in parsed.operands:
        uuid = next((uuid for uuid in seen.orphans if seen.devices[uuid].path == word), "")
        if not uuid:
            answer.status = FAILED
            is_blank = any(device.path == word for device in seen.blank)
            text = f"No PV found on device {word}." if is_blank else f"No device found for {word}."
            answer.stderr += warnings.lines(text)
            continue
        seen.wipe(uuid, keeps_label=False)
        answer.stdout += warnings.lines(f'Labels on physical volume "{word}" successfully wiped.')
    return answer


def _lvcreate(seen: Seen, parsed: Parsed) -> Answer:
    word, *where = parsed.operands
    answer = Answer()
    group = _one_group(seen, answer, word)
    name = parsed.get("name") or f"lvol{len(group['volumes'])}"
    if find_volume(group, name):
        raise RefusedError(FAILED, f'Logical Volume "{name}" already exists in volume group "{word}"')
    devices = [uuid for uuid, device in seen.devices.items() if device.path in where]
    count = extents_asked(group, parsed.get("size"), parsed.get("extents"))
    try:
        parts = allocate(group, count, devices)
    except NoSpaceError as error:
        text = f'Volume group "{word}" has insufficient free space ({error.free} extents): {count} required.'
        raise RefusedError(FAILED, text) from None
    volume: LogicalVolume = {
        "name": name,
        "uuid": new_uuid(),
        "tags": sorted(tag_of("addtag", text) for text in parsed.all("addtag")),
        "skip": parsed.get("setactivationskip") == "y",
        "parts": parts,
    }
    group["volumes"].append(volume)
    if not written(seen, group, answer):
        return answer
    is_zeroed = parsed.get("zero", "y") != "n"
    if not is_zeroed:
        answer.stderr = warnings.lines(f"WARNING: Logical volume {word}/{name} not zeroed.") + answer.stderr
    if parsed.get("activate", "y") not in ("n", "ln"):
        activate(seen, group, [volume], ignore_skip=parsed.has("ignoreactivationskip"))
        if is_zeroed and not active_of(seen.node, volume):
            # It is made and taken away again, as it cannot be wiped.
            group["volumes"].remove(volume)
            seen.write(group)
            text = f"Volume {word}/{name} is not active locally (volume_list activation filter?)."
            said = warnings.lines(text, "Aborting. Failed to wipe start of new LV.")
            return Answer(FAILED, "", said + answer.stderr)
    answer.stdout += warnings.lines(f'Logical volume "{name}" created.')
    return answer


def _lvremove(seen: Seen, parsed: Parsed) -> Answer:
    answer = Answer()
    for word in parsed.operands:
        group_name, name = split_name(word)
        group = _one_group(seen, answer, group_name)
        volumes = [each for each in group["volumes"] if not name or each["name"] == name]
        if not volumes:
            raise RefusedError(FAILED, f'Failed to find logical volume "{group_name}/{name}"')
        for volume in volumes:
            if active_of(seen.node, volume) and not parsed.has("yes") and not parsed.has("force"):
                raise NotSimulatedError("lvremove asks whether to go on; give it -y")
            _remove_volume(seen, group, volume, answer)
    return answer


def _remove_volume(seen: Seen, group: Group, volume: LogicalVolume, answer: Answer) -> None:
    held = deactivate(seen, group, [volume])
    if held:
        answer.status = FAILED
        answer.stderr += warnings.lines(*held)
        return
    group["volumes"].remove(volume)
    if written(seen, group, answer, "lvremove"):
        answer.stdout += warnings.lines(f'Logical volume "{volume["name"]}" successfully removed.')


def _vgexport(seen: Seen, parsed: Parsed) -> Answer:
    answer = Answer()
    for word in parsed.operands:
        group = _one_group(seen, answer, word)
        if any(active_of(seen.node, volume) for volume in group["volumes"]):
            raise RefusedError(FAILED, f'Volume group "{word}" has active logical volumes')
        group["exported"] = True
        if written(seen, group, answer):
            answer.stdout += warnings.lines(f'Volume group "{word}" successfully exported')
    return answer


def _vgimport(seen: Seen, parsed: Parsed) -> Answer:
    answer = Answer()
    for word in parsed.operands:
        group = _one_group(seen, answer, word, exported=True)
        if not group["exported"]:
            raise RefusedError(FAILED, f'Volume group "{word}" is not exported')
        group["exported"] = False
        if written(seen, group, answer):
            answer.stdout += warnings.lines(f'Volume group "{word}" successfully imported')
    return answer


WORK: dict[str, Callable[[Seen, Parsed], Answer]] = {
    "pvcreate": _pvcreate,
    "pvremove": _pvremove,
    "vgcreate": _vgcreate,
    "vgremove": _vgremove,
    "vgexport": _vgexport,
    "vgimport": _vgimport,
    "lvcreate": _lvcreate,
    "lvremove": _lvremove,
}
