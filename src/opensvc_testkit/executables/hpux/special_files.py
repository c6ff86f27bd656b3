"""Simulated ``mksf``, ``rmsf`` and ``insf`` of HP-UX: special files of disks come and go; texts are [R]."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World


def run(call: Call) -> Answer:
    """Answer one call of the three."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    with call.store.opened() as world:
        node = call.here(world)
        if call.name == "insf":
            for _, lun in lun_table.luns_of(world, node):
                lun["files"] += [path for path in lun_table.usual_files(lun["instance"]) if path not in lun["files"]]
            return Answer()
        return _mksf(world, node, call.words) if call.name == "mksf" else _rmsf(world, node, call.words)


def _mksf(world: World, node: Node, words: list[str]) -> Answer:
    try:
        options, files = read_options(words, "rv", "CIHd")
    except UsageError as error:
        return usage("mksf", error, "[-r] [-C class] [-I instance] [special_file]")
    if options.get("C") != ["disk"] or "I" not in options or "H" in options or "d" in options or len(files) > 1:
        raise NotSimulatedError("mksf " + " ".join(words))
    number = options["I"][-1]
    for disk, lun in lun_table.luns_of(world, node):
        if str(lun["instance"]) != number:
            continue
        path = files[0] if files else lun_table.usual_files(lun["instance"])["r" in options]
        if (other := lun_table.find_lun(world, node, path)) and other[0] is not disk:
            return Answer(1, "", f"mksf: Couldn't make special file {path}: File exists\n")
        if path not in lun["files"]:
            lun["files"].append(path)
        return Answer(0, f"making {path.removeprefix('/dev/')}\n" if "v" in options else "")
    return Answer(1, "", "mksf: Couldn't find driver matching arguments\n")


def _rmsf(world: World, node: Node, words: list[str]) -> Answer:
    if not words or any(word.startswith("-") for word in words):
        raise NotSimulatedError("rmsf " + " ".join(words))
    leftovers = lun_table.state_of(node)["leftovers"]
    for path in words:
        found = lun_table.find_lun(world, node, path)
        if path in leftovers:
            leftovers.remove(path)
        elif found and path in found[1]["files"]:
            found[1]["files"].remove(path)
        else:
            return Answer(1, "", f"rmsf: No such special file: {path}\n")
    return Answer()
