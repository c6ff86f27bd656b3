"""``virsh qemu-agent-command``: the QEMU guest agent of a simulated guest.

Its refusals were captured; the JSON of its answers is [R], from the agent's protocol reference.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH108, PTH110, PTH123
from __future__ import annotations

import base64
import json
import os

from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.guest_system import SHELL, GuestSystem, find_program
from opensvc_testkit.executables.virsh_changes import agent_trouble
from opensvc_testkit.executables.virsh_session import RefusedError, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Domain
    from opensvc_testkit.executables.virsh_words import Command

# Output and status of process N lie in the boot's folder as N.out, N.err, N.rc; the last one comes last.
KEEPER = 'b=$SIMULATED_BOOT/$$; "$@" >"$b.out" 2>"$b.err"; echo $? >"$b.new"; mv "$b.new" "$b.rc"'


def run(session: Session, command: Command) -> str:
    """The agent's answer, one line of JSON. Raises RefusedError."""
    domain = session.domain(command.get("domain"))
    trouble = agent_trouble(session, domain)
    if trouble:
        raise RefusedError(trouble)
    text = " ".join(command.data["cmd"])
    try:
        asked = json.loads(text)
        verb, arguments = asked["execute"], asked.get("arguments", {})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise RefusedError(f"internal error: cannot parse json {text}: parse error") from None
    return json.dumps({"return": _perform(session, domain, verb, arguments)}, separators=(",", ":")) + "\n"


def _perform(session: Session, domain: Domain, verb: str, arguments: dict[str, object]) -> object:
    if verb in ("guest-ping", "guest-sync"):
        return arguments.get("id", {})
    if verb == "guest-exec":
        return {"pid": _execute(session, domain, arguments)}
    if verb == "guest-exec-status":
        return _status(session, domain, arguments)
    if verb == "guest-network-get-interfaces":
        raise NotSimulatedError(verb)
    raise RefusedError(
        f"internal error: unable to execute QEMU agent command '{verb}': The command {verb} has not been found"
    )


def _execute(session: Session, domain: Domain, arguments: dict[str, object]) -> int:
    system = GuestSystem(session.call.store, session.guest(domain), domain)
    given, variables = arguments.get("arg", []), arguments.get("env", [])
    words = [str(arguments.get("path", "")), *(str(word) for word in (given if isinstance(given, list) else []))]
    words = [system.inward(word) for word in words]
    environment = system.environment([str(word) for word in (variables if isinstance(variables, list) else [])])
    if find_program(words[0], environment["PATH"]) is None:
        raise RefusedError(
            "internal error: unable to execute QEMU agent command 'guest-exec': Guest agent command failed, error was "
            f"'Failed to execute child process “{words[0]}” (No such file or directory)'"
        )
    encoded = arguments.get("input-data")
    source = f"{system.boot}/input.{os.getpid()}" if isinstance(encoded, str) else os.devnull
    if isinstance(encoded, str):
        with open(source, "wb") as file:
            file.write(base64.b64decode(encoded))
    nothing, sink = os.open(source, os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)
    return system.spawn([SHELL, "-c", KEEPER, "sh", *words], environment, (nothing, sink, sink))


def _status(session: Session, domain: Domain, arguments: dict[str, object]) -> object:
    pid = arguments.get("pid")
    place = f"{domain['boot']}/{pid}"
    if not os.path.exists(f"{place}.out"):
        if not os.path.exists(f"{place}.told") and isinstance(pid, int) and os.path.exists(f"/proc/{pid}"):
            return {"exited": False}
        raise RefusedError(
            "internal error: unable to execute QEMU agent command 'guest-exec-status': Invalid parameter 'pid'"
        )
    if not os.path.exists(f"{place}.rc"):
        return {"exited": False} if os.path.exists(f"/proc/{pid}") else {"signal": 9, "exited": True}
    system = GuestSystem(session.call.store, session.guest(domain), domain)
    answer: dict[str, object] = {"exitcode": int(_take(f"{place}.rc"))}
    for key, stream in (("out-data", _take(f"{place}.out")), ("err-data", _take(f"{place}.err"))):
        if stream:
            # Errors="surrogateescape" both ways: what is not text passes unharmed.
            text = system.outward(stream.decode("utf-8", "surrogateescape"))
            answer[key] = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
    answer["exited"] = True
    with open(f"{place}.told", "wb"):
        return answer


def _take(path: str) -> bytes:
    """Read and forget: the agent, too, tells the end of a command once."""
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    return data
