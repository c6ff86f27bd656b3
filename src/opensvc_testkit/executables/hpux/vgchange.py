"""Simulated ``vgchange`` of HP-UX: activates and deactivates volume groups, and marks them as a cluster's.

Options are from the manual page; texts are [R], and so is what a cluster's other node makes of exclusive mode:
Serviceguard is not simulated, its nodes always know of each other.
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import group_table
from opensvc_testkit.executables.hpux.group_table import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

USAGE = "{-a y|e|s|r|n | -c y|n} [-q y|n] [-p] [-s] [vg_name...]"
MODES = "yesrn"


def run(call: Call) -> Answer:
    """Answer one ``vgchange`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, names = read_options(call.words, "psTl", "acqP")
        if ("a" in options) == ("c" in options):
            raise UsageError("one of -a and -c is needed")
    except UsageError as error:
        return usage("vgchange", error, USAGE)
    if "l" in options or options.get("a", ["y"])[-1] not in MODES or options.get("c", ["y"])[-1] not in "yn":
        raise NotSimulatedError("vgchange " + " ".join(call.words))
    stdout = stderr = ""
    status = 0
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        for word in names or list(group_table.groups_of(node)):
            try:
                group = group_table.find_group(node, "vgchange", word)
                if "c" in options:
                    stdout += _mark(world, node, word, group, is_clustered=options["c"][-1] == "y")
                elif options["a"][-1] == "n":
                    stdout += _deactivate(node, word, group)
                else:
                    mode = options["a"][-1]
                    if not names and group_table.label_of(world, group)["is_clustered"]:
                        mode = "e"
                    said, warned = _activate(world, node, word, group, mode, needs_all="p" in options,
                                             needs_quorum=options.get("q", ["y"])[-1] == "y")  # fmt: skip
                    stdout, stderr = stdout + said, stderr + warned
            except RefusedError as error:
                stderr += str(error)
                status = 1
    return Answer(status, stdout, stderr)


def _changed(word: str) -> str:
    return f'Volume group "{word}" has been successfully changed.\n'


def _mark(world: World, node: Node, word: str, group: dict[str, Any], *, is_clustered: bool) -> str:
    name = group_table.full_name(word)
    if group["mode"]:
        raise RefusedError(f'vgchange: Volume group "{name}" is still active.\n')
    _, missing = group_table.attached(world, node, group, for_writing=True)
    if missing:
        raise RefusedError(f'{_not_attached(missing)}vgchange: Couldn\'t change volume group "{name}".\n')
    for disk in group_table.disks_of_group(world, group["vgid"]):
        disk["label"]["is_clustered"] = is_clustered
    return _changed(word)


def _deactivate(node: Node, word: str, group: dict[str, Any]) -> str:
    name = group_table.full_name(word)
    if group_table.open_volumes(node, name, group):
        raise RefusedError(f'vgchange: Couldn\'t deactivate volume group "{name}":\nDevice busy\n')
    group["mode"] = ""
    return _changed(word)


def _not_attached(files: list[str]) -> str:
    return "".join(
        f'vgchange: Warning: Couldn\'t attach to the volume group physical volume "{file}":\n'
        "The path of the physical volume refers to a device that does not\n"
        "exist, or is not configured into the kernel.\n"
        for file in files
    )


def _activate(
    world: World, node: Node, word: str, group: dict[str, Any], mode: str, *, needs_all: bool, needs_quorum: bool
) -> tuple[str, str]:
    """What it prints, and what it warns of. Raises RefusedError."""
    name = group_table.full_name(word)
    label = group_table.label_of(world, group)
    if (mode in "es") != label["is_clustered"] and mode != "r":
        raise RefusedError(f'vgchange: Activation mode requested for the volume group "{name}" conflicts with '
                           "configured mode.\n")  # fmt: skip
    if label["is_clustered"] and mode == "e":
        for _ in group_table.others_with(world, node, group["vgid"]):
            raise RefusedError(f'vgchange: Activation of volume group "{name}" denied by another node in the cluster.\n'
                               "Request on this system conflicts with Activation Mode on remote system.\n")  # fmt: skip
    if group["mode"]:
        # Whether this is a failure is not known; it is none here.
        return f'vgchange: Volume group "{word}" is already active.\n', ""
    numbers, missing = group_table.attached(world, node, group, for_writing=mode != "r")
    warned = _not_attached(missing)
    needed = label["pvs"] if needs_all else label["pvs"] // 2 + 1 if needs_quorum else 1
    if len(numbers) < needed:
        why = (
            "Quorum not present, or some physical volume(s) are missing.\n"
            if numbers
            else "Either no physical volumes are attached or no valid VGDAs were found on the physical volumes.\n"
        )
        raise RefusedError(f'{warned}vgchange: Couldn\'t activate volume group "{name}":\n{why}')
    group["mode"] = mode
    return f"Activated volume group.\n{_changed(word)}", warned
