"""Simulated ``vgchange`` and ``lvchange``: activation, tags, the system id."""

from __future__ import annotations

from opensvc_testkit.executables import sys_tree
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.activation import activate, count, deactivate
from opensvc_testkit.executables.lvm.lines import FAILED, RefusedError, no_syntax, tag_of, understand
from opensvc_testkit.executables.lvm.metadata import Seen
from opensvc_testkit.executables.lvm.selection import choose, find_volume, split_name
from opensvc_testkit.executables.lvm.systems import may_activate, system_of
from opensvc_testkit.executables.lvm.writing import written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.getopt_long import Parsed
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume

OPTIONS: list[tuple[str, str, bool]] = [
    ("a", "activate", True), ("", "addtag", True), ("", "deltag", True), ("K", "ignoreactivationskip", False),
    ("k", "setactivationskip", True), ("", "systemid", True), ("", "sysinit", False), ("", "activationmode", True),
    ("P", "partial", False), ("", "refresh", False),
]  # fmt: skip
OPTIONS_THAT_DO = ("activate", "addtag", "deltag", "systemid", "setactivationskip")
YES = ("y", "ay", "ey", "sy", "ly")


def run(call: Call) -> Answer:
    """Answer one ``vgchange`` or ``lvchange`` call."""
    try:
        parsed = understand(call.name, call.words, OPTIONS)
        if parsed.has("refresh") or parsed.has("partial") or parsed.has("activationmode"):
            raise NotSimulatedError(" ".join([call.name, *call.words]))
        added = [tag_of("addtag", text) for text in parsed.all("addtag")]
        dropped = [tag_of("deltag", text) for text in parsed.all("deltag")]
        asked = [name for name in OPTIONS_THAT_DO if parsed.has(name)]
        if not asked or (not parsed.operands and asked != ["activate"]) or ("activate" in asked and len(asked) > 1):
            raise no_syntax(call.name)
        with call.store.opened() as world:
            seen = Seen(world, call.here(world))
            work = _change_groups if call.name == "vgchange" else _change_volumes
            answer = work(seen, parsed, added, dropped)
            sys_tree.refresh(call.store.folder, world, seen.node)
            return answer
    except RefusedError as refused:
        return refused.answer


def _change_groups(seen: Seen, parsed: Parsed, added: list[str], dropped: list[str]) -> Answer:
    chosen = choose(seen, parsed.operands)
    answer = Answer(chosen.status, "", chosen.notes + warnings.of_reading(seen, []))
    for group in chosen.groups:
        answer.stderr += warnings.of_reading(seen, [group]) if not answer.stderr else ""
        if parsed.has("activate"):
            _activate_all(seen, group, parsed, answer)
            continue
        if parsed.has("systemid"):
            group["system_id"] = parsed.get("systemid")
        group["tags"] = sorted((set(group["tags"]) | set(added)) - (set(dropped) - set(added)))
        if written(seen, group, answer, "vgchange"):
            answer.stdout += warnings.lines(f'Volume group "{group["name"]}" successfully changed')
    answer.stderr += chosen.stderr
    return answer


def _activate_all(seen: Seen, group: Group, parsed: Parsed, answer: Answer) -> None:
    _ask_kernel(seen, group, group["volumes"], parsed, answer)
    if parsed.get("activate") in YES:
        texts = activate(seen, group, group["volumes"], ignore_skip=parsed.has("ignoreactivationskip"))
    else:
        texts = deactivate(seen, group, group["volumes"])
        if texts:
            number = len(texts)
            texts.append(f'Can\'t deactivate volume group "{group["name"]}" with {number} open logical volume(s)')
    if texts:
        answer.status = FAILED
        answer.stderr += warnings.lines(*texts)
    if not texts or parsed.get("activate") in YES:
        number = count(seen, group)
        answer.stdout += warnings.lines(f'{number} logical volume(s) in volume group "{group["name"]}" now active')


def _ask_kernel(seen: Seen, group: Group, volumes: list[LogicalVolume], parsed: Parsed, answer: Answer) -> None:
    if volumes and not system_of(seen.node)["has_mapper"]:
        answer.stderr += warnings.lines(*warnings.NO_MAPPER)
        if parsed.get("activate") in YES and any(may_activate(seen.node, group, volume) for volume in volumes):
            answer.status = FAILED


def _change_volumes(seen: Seen, parsed: Parsed, added: list[str], dropped: list[str]) -> Answer:
    names = [split_name(word) for word in parsed.operands if not word.startswith("@")]
    if len(names) < len(parsed.operands):
        raise NotSimulatedError("lvchange of tagged volumes")
    chosen = choose(seen, list(dict.fromkeys(group for group, _ in names)))
    answer = Answer(chosen.status, "", chosen.notes + warnings.of_reading(seen, []) + chosen.stderr)
    for group in chosen.groups:
        answer.stderr += warnings.of_reading(seen, [group]) if not answer.stderr else ""
        for name in [volume for other, volume in names if other == group["name"]]:
            volumes = group["volumes"] if not name else [each for each in [find_volume(group, name)] if each]
            if name and not volumes:
                answer.status = FAILED
                answer.stderr += warnings.lines(f'Failed to find logical volume "{group["name"]}/{name}"')
            for volume in volumes:
                _change_volume(seen, group, volume, parsed, (added, dropped), answer)
    return answer


def _change_volume(
    seen: Seen, group: Group, volume: LogicalVolume, parsed: Parsed, tags: tuple[list[str], list[str]], answer: Answer
) -> None:
    if parsed.has("activate"):
        _ask_kernel(seen, group, [volume], parsed, answer)
        if parsed.get("activate") in YES:
            texts = activate(seen, group, [volume], ignore_skip=parsed.has("ignoreactivationskip"))
        else:
            texts = deactivate(seen, group, [volume])
        if texts:
            answer.status = FAILED
            answer.stderr += warnings.lines(*texts)
        return
    if parsed.has("setactivationskip"):
        volume["skip"] = parsed.get("setactivationskip") == "y"
    added, dropped = tags
    volume["tags"] = sorted((set(volume["tags"]) | set(added)) - (set(dropped) - set(added)))
    name = f"{group['name']}/{volume['name']}"
    if not written(seen, group, answer, "lvchange"):
        answer.stderr += warnings.lines(f"Failed to update metadata of {name} on disk.")
    # It says so also where it failed.
    answer.stdout += warnings.lines(f"Logical volume {name} changed.")
