"""``lxc-attach``: runs a command in a simulated container."""

from __future__ import annotations

from opensvc_testkit.executables import life, lxc_state
from opensvc_testkit.executables.call import Answer, HangsError, NotSimulatedError
from opensvc_testkit.executables.guest_command import stream
from opensvc_testkit.executables.guest_system import GuestSystem, find_program
from opensvc_testkit.executables.lxc_words import complaint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.lxc_words import Words
    from opensvc_testkit.executables.shapes import World

FAILED, NOT_FOUND = 1, 127
SIGNALLED = 128
STOPPED = (
    (406, "Connection refused - Failed to get init pid", "../src/lxc/attach.c: get_attach_context"),
    (1470, "Connection refused - Failed to get attach context", "../src/lxc/attach.c: lxc_attach"),
)


def run(call: Call, words: Words) -> Answer:
    """Answer one call."""
    name, path = words.name, words.path
    if not words.rest:
        raise NotSimulatedError("a login shell")
    with call.store.opened() as world:
        node = call.here(world)
        where = node["name"]
        if lxc_state.running(node, path, name) is None:
            lines = [complaint("lxc-attach", name, *line) for line in STOPPED]
            return Answer(FAILED, "", "".join(lines))
        power = node["powered"][name]
        if not life.has_processor(power):
            # Nobody answers in a frozen container (captured: it waits).
            raise HangsError(lambda later: _is_held(later, where, name))
        guest = world["guests"].get(name) or life.new_guest(name)
        system = GuestSystem(call.store, guest, power)
    environment = system.environment(["container=lxc", *words.options.get("set-var", [])])
    argv = [system.inward_word(word) for word in words.rest]
    program = find_program(argv[0], environment["PATH"])
    if program is None:
        text = f'No such file or directory - Failed to exec "{words.rest[0]}"'
        place = "../src/lxc/attach.c: lxc_attach_run_command"
        return Answer(NOT_FOUND, "", complaint("lxc-attach", name, 1841, text, place))
    answer = stream(call, system, [program, *argv[1:]], environment, folder="/")
    if answer.status < 0:
        answer.status = SIGNALLED - answer.status
    return answer


def _is_held(world: World, node: str, name: str) -> bool:
    power = world["nodes"][node]["powered"].get(name)
    return power is not None and not life.has_processor(power)
