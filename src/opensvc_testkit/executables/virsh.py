"""Simulated ``virsh``: connections, the run of one or several commands, output and statuses (libvirt 9.0.0).

Every text was captured from the real one unless a comment says [R] (known from its sources or manual, not captured).
"""

from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, HangsError, NotSimulatedError
from opensvc_testkit.executables.store import now
from opensvc_testkit.executables.virsh_session import RefusedError, Session
from opensvc_testkit.executables.virsh_words import Command, UsageError, read_commands, read_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import World

    T = TypeVar("T")

SOCKET = "/var/run/libvirt/libvirt-sock"
SYSTEM = "qemu:///system"
CANNOT_CONNECT = "failed to connect to the hypervisor"
SOCKET_ERRORS = {
    "absent": "No such file or directory",
    "killed": "Connection refused",
    "denied": "Permission denied",
}
LONG_VERSION = """Virsh command line tool of libvirt 9.0.0
See web site at https://libvirt.org/

Compiled with support for:
 Hypervisors: QEMU/KVM
"""
MODULES = {
    "agent": ("qemu-agent-command",),
    "migrate": ("domjobabort", "migrate"),
    "changes": ("autostart", "define", "destroy", "reboot", "reset", "resume", "shutdown", "start", "suspend",
                "undefine"),
    "reports": ("capabilities", "domblklist", "domid", "dominfo", "domstate", "domstats", "domuuid", "dumpxml", "echo",
                "hostname", "list", "uri", "version"),
}  # fmt: skip
MODULE_OF = {name: module for module, names in MODULES.items() for name in names}


def run(call: Call) -> Answer:
    """Answer one ``virsh`` call."""
    try:
        options = read_options(call.words)
        if options.prints_version:
            return Answer(0, "9.0.0\n" if options.prints_version == "short" else LONG_VERSION)
        if not options.words:
            raise NotSimulatedError("the interactive shell")
        commands = read_commands(options.words)
    except UsageError as error:
        return Answer(1, "", "".join(f"error: {line}\n" for line in error.lines))
    uri = options.uri or os.environ.get("VIRSH_DEFAULT_CONNECT_URI") or os.environ.get("LIBVIRT_DEFAULT_URI") or SYSTEM
    if options.uri is not None:
        # With -c the connection comes first: no command has run, so no empty line either (captured).
        refusal = _connect(call, uri)
        if refusal:
            return Answer(1, "", refusal)
    answer = Answer()
    for command in commands:
        answer.status, stdout, stderr = _run_command(call, uri, command, quiet=options.quiet)
        answer.stdout += stdout if options.quiet else f"{stdout}\n"
        answer.stderr += stderr
    return answer


def _connect(call: Call, uri: str) -> str:
    while True:
        try:
            with call.store.opened() as world:
                node_of(call, world, uri)
        except HangsError as error:
            call.wait_while(error.lasts)
        except RefusedError as error:
            return error.text
        else:
            return ""


def node_of(call: Call, world: World, uri: str) -> str:
    """The name of the node whose libvirtd a URI reaches. Raises RefusedError or HangsError where it does not answer."""
    if uri in (SYSTEM, "qemu:///session"):
        name = call.here(world)["name"]
    elif uri.startswith("qemu+ssh://"):
        name = uri.removeprefix("qemu+ssh://").partition("/")[0].rpartition("@")[2]
        if name not in world["nodes"]:
            raise RefusedError(
                CANNOT_CONNECT,
                f"Cannot recv data: ssh: Could not resolve hostname {name}: Temporary failure in name resolution:"
                " Connection reset by peer",
            )
    elif uri.startswith(("test:", "xen:", "lxc:", "qemu+")):
        raise NotSimulatedError(uri)
    else:
        raise RefusedError(CANNOT_CONNECT, f"no connection driver available for {uri}")
    libvirtd = world["nodes"][name]["libvirtd"]
    if libvirtd == "hung":
        raise HangsError(lambda later: later["nodes"][name]["libvirtd"] == "hung")
    if libvirtd in SOCKET_ERRORS:
        raise RefusedError(CANNOT_CONNECT, f"Failed to connect socket to '{SOCKET}': {SOCKET_ERRORS[libvirtd]}")
    return name


def at(call: Call, uri: str, work: Callable[[Session], T]) -> T:
    """Do something on one connection, with the world under its lock. Raises RefusedError."""
    while True:
        try:
            with call.store.opened() as world:
                node = world["nodes"][node_of(call, world, uri)]
                life.settle(call.store.folder, world, now(world))
                return work(Session(call, world, node, now(world), uri, quiet=False))
        except HangsError as error:
            call.wait_while(error.lasts)
            call.waited = True


def _run_command(call: Call, uri: str, command: Command, *, quiet: bool) -> tuple[int, str, str]:
    module = __import__(f"opensvc_testkit.executables.virsh_{MODULE_OF[command.name]}", fromlist=["run"])

    def work(session: Session) -> tuple[str, Callable[[World], bool] | None]:
        session.quiet = quiet
        return module.run(session, command), session.waits

    try:
        if command.name == "migrate":
            # It takes the world several times, and lets others in between.
            module.migrate(call, uri, command)
            return 0, "", ""
        stdout, waits = at(call, uri, work)
    except RefusedError as error:
        return 1, error.stdout, error.text
    if waits:
        call.wait_while(waits)
    return 0, stdout, ""
