"""Simulated ``xm``, the tool before Xen 4.4, on the domains that ``xl`` has too.

Formats after the vendor notes; all texts of refusals and the SXP of ``xm list -l`` are [R]. Domains that xend keeps
without power (``xm new``) are listed with an empty id.
"""

from __future__ import annotations

from opensvc_testkit.executables import life, xl_changes
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.xl import RefusedError, Session
from opensvc_testkit.executables.xl_config import READ_ONLY
from opensvc_testkit.executables.xl_reports import DOMAIN_0
from opensvc_testkit.executables.xl_state import DOMAIN_0_MEMORY, destroy, find, letters, seconds, state_of
from opensvc_testkit.executables.xl_words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.xl_state import Domain

FAILED = 1
NO_XEND = "ERROR:  Can't connect to xend: No such file or directory. Is the xend daemon running?\n"
HEADER = "Name                                        ID   Mem VCPUs      State   Time(s)"
USAGE = "Usage: xm <subcommand> [args]\n"
COMMANDS = ("create", "delete", "destroy", "domid", "list", "migrate", "new", "pause", "reboot", "shutdown", "start",
            "unpause")  # fmt: skip


def run(call: Call) -> Answer:
    """Answer one ``xm`` call."""
    words = list(call.words)
    if not words or words[0] == "help":
        return Answer(0 if words else FAILED, USAGE)
    command = words.pop(0)
    if command not in COMMANDS:
        return Answer(FAILED, "", f"Error: Subcommand {command} not found!\n{USAGE}")
    read = Words()
    for word in words:
        if word.startswith("-"):
            read.options[word.lstrip("-")] = ""
        else:
            read.arguments.append(word)
    with call.store.opened() as world:
        session = Session(call, world)
        if not state_of(session.node)["is_xen"]:
            return Answer(FAILED, "", NO_XEND)
        try:
            _perform(session, command, read)
        except RefusedError as error:
            return Answer(FAILED, session.stdout, str(error))
    if session.waits:
        call.wait_while(session.waits)
    return Answer(0, session.stdout)


def _perform(session: Session, command: str, words: Words) -> None:
    if command == "list":
        _list(session, words)
        return
    if not words.arguments and not words.has("a"):
        raise RefusedError(f"Error: 'xm {command}' requires at least 1 argument!\nUsage: xm {command}\n")
    if command in ("create", "new", "start", "delete"):
        _define_or_start(session, command, words)
        return
    if command == "migrate":
        _domain(session, words.arguments[0])
        try:
            xl_changes.perform(session, command, words)
        except RefusedError:
            host = words.arguments[1] if len(words.arguments) > 1 else ""
            raise RefusedError(f"Error: can't connect: Name or service not known: {host}\n") from None
        return
    domain = _domain(session, words.arguments[0]) if words.arguments else None
    if command == "domid" and domain:
        session.stdout = f"{domain['domid']}\n"
    elif command == "destroy" and domain:
        destroy(session.node, domain)
    else:
        xl_changes.perform(session, command, words)


def _domain(session: Session, word: str) -> Domain:
    found = find(session.node, word)
    if found is None:
        raise RefusedError(f"Error: Domain '{word}' does not exist.\nUsage: xm <subcommand> [args]\n")
    return found


def _define_or_start(session: Session, command: str, words: Words) -> None:
    state, word = state_of(session.node), words.arguments[0]
    if command == "create":
        _create(session, words)
    elif command == "new":
        settings = xl_changes.read_settings(session, word, words.arguments[1:])
        state["managed"][settings["name"]] = word
        session.stdout = f'Using config file "{word}".\n'
    elif word not in state["managed"]:
        raise RefusedError(f"Error: Domain '{word}' does not exist.\n")
    elif command == "delete":
        del state["managed"][word]
    else:
        started = Words()
        started.arguments.append(state["managed"][word])
        _create(session, started)


def _create(session: Session, words: Words) -> None:
    word = words.arguments[0]
    try:
        xl_changes.perform(session, "create", words)
    except RefusedError as error:
        if "already exists" in str(error):
            name = xl_changes.read_settings(session, word, words.arguments[1:])["name"]
            domain = find(session.node, name)
            domid = domain["domid"] if domain else 0
            raise RefusedError(f"Error: VM name '{name}' already in use by domain {domid}\n") from None
        if "No such file" in str(error):
            raise RefusedError(f'Error: Unable to open config file: "{word}"\n') from None
        raise RefusedError(f"Error: {error}") from None
    domain = max(state_of(session.node)["domains"].values(), key=lambda each: int(each["domid"]))
    session.stdout = f'Using config file "{word}".\nStarted domain {domain["name"]} (id={domain["domid"]})\n'


def _list(session: Session, words: Words) -> None:
    state, asked = state_of(session.node), words.arguments
    idle = [name for name in state["managed"] if find(session.node, name) is None]
    domains = [_domain(session, word) for word in asked if word not in (*idle, "0", DOMAIN_0)]
    if not asked:
        domains = list(state["domains"].values())
    shown_idle = [name for name in idle if not asked or name in asked]
    with_0 = not asked or "0" in asked or DOMAIN_0 in asked
    if words.has("l", "long"):
        shown = [_sxp_0()] if with_0 else []
        shown += [_sxp(session, domain) for domain in domains]
        shown += [f"(domain\n    (name {name})\n    (state )\n)\n" for name in shown_idle]
        session.stdout = "".join(shown)
        return
    lines = [HEADER]
    if with_0:
        lines.append(_row(DOMAIN_0, 0, DOMAIN_0_MEMORY, 4, "r-----", 1000.0))
    for domain in domains:
        row = (domain["name"], domain["domid"], domain["memory"], domain["vcpus"], letters(session.node, domain))
        lines.append(_row(*row, seconds(domain, session.now)))
    lines += [_row(name, "", 128, 1, "", 0.0) for name in shown_idle]
    session.stdout = "".join(f"{line}\n" for line in lines)


def _row(name: str, domid: int | str, memory: int, vcpus: int, state: str, time: float) -> str:
    return f"{name:<40} {domid:>5} {memory:5d} {vcpus:5d} {state:>10} {time:8.1f}"


def _sxp_0() -> str:
    return f"(domain\n    (domid 0)\n    (name {DOMAIN_0})\n    (memory {DOMAIN_0_MEMORY})\n    (state r-----)\n)\n"


def _sxp(session: Session, domain: Domain) -> str:
    settings: dict[str, Any] = domain["settings"]
    lines = [
        f"(domid {domain['domid']})",
        f"(uuid {settings['uuid']})",
        f"(vcpus {domain['vcpus']})",
        f"(memory {domain['memory']})",
        f"(name {domain['name']})",
        f"(state {letters(session.node, domain)})",
    ]
    lines += [f"({key} {settings.get(key, usual)})" for key, usual in (
        ("on_poweroff", life.DESTROYED), ("on_reboot", "restart"), ("on_crash", life.DESTROYED))]  # fmt: skip
    for disk in settings["disks"]:
        mode = "r" if disk["access"] in READ_ONLY else "w"
        kind = "phy" if disk["format"] == "phy" else "file"
        lines.append(f"(device (vbd (uname {kind}:{disk['pdev_path']}) (dev {disk['vdev']}:disk) (mode {mode})))")
    return "(domain\n" + "".join(f"    {line}\n" for line in lines) + ")\n"
