"""Simulated ``ldm`` on the control domain (states and ``-p``: as others captured; most messages are [R])."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import ldm_changes, ldm_reports
from opensvc_testkit.executables.solaris.ldm_session import LdmSession, RefusedError
from opensvc_testkit.executables.solaris.options import BadOptionError, read_pairs
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

USAGE = "Usage:\n\tldm [--help [command] ] [command [options] [properties]\n"
LISTS = ("list", "ls", "list-domain", "list-dom", "ls-domain", "ls-dom")
SERVICES = ("list-services", "ls-services", "list-service", "ls-service")
VARIABLES = ("list-variable", "list-var", "ls-variable", "ls-var")
CHANGES = {
    "bind": "bind", "bind-domain": "bind", "bind-dom": "bind",
    "unbind": "unbind", "unbind-domain": "unbind", "unbind-dom": "unbind",
    "start": "start", "start-domain": "start", "start-dom": "start",
    "stop": "stop", "stop-domain": "stop", "stop-dom": "stop",
    "migrate": "migrate", "migrate-domain": "migrate", "migrate-dom": "migrate",
    "set-variable": "set-variable", "set-var": "set-variable",
    "rm-variable": "rm-variable", "rm-var": "rm-variable", "remove-variable": "rm-variable",
}  # fmt: skip
"""Every name of a changing subcommand, and what it does."""


def run(call: Call) -> Answer:
    """Answer one ``ldm`` call."""
    if not call.words:
        return Answer(1, "", USAGE)
    subcommand, words = call.words[0], call.words[1:]
    try:
        if subcommand in CHANGES:
            return _change(call, CHANGES[subcommand], words)
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            session = LdmSession(call, world)
            if subcommand in LISTS:
                return _list(session, words)
            if subcommand in SERVICES:
                return _services(session, words)
            if subcommand in VARIABLES:
                return _variables(session, words)
    except RefusedError as error:
        return Answer(1, "", f"{error}\n")
    except BadOptionError as error:
        return Answer(1, "", f"ldm: {error}\n{USAGE}")
    if subcommand in ("-V", "--version"):
        raise NotSimulatedError("ldm -V")
    if subcommand.startswith(("add-", "create", "destroy", "set-", "cancel-", "list-", "ls-", "remove-", "rm-", "init-",
                              "panic", "grow-", "shrink-")):  # fmt: skip
        raise NotSimulatedError("ldm " + " ".join(call.words))
    return Answer(1, "", f"Unknown command {subcommand}; use --help option for list of available commands\n")


def _change(call: Call, subcommand: str, words: list[str]) -> Answer:
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        session = LdmSession(call, world)
        answer = ldm_changes.run(session, subcommand, words)
    return session.finish(answer)


def _list(session: LdmSession, words: list[str]) -> Answer:
    # Options may follow the names: ``ldm list -o disk -p NAME`` and ``ldm list NAME -p``.
    pairs, names = session.read(words, "elpo:S")
    letters = dict(pairs)
    lines: list[str] = []
    chosen = names or [ldm_reports.PRIMARY, *session.manager["domains"]]
    missing = "".join(f"LDom {name} not found\n" for name in chosen if not session.knows(name))
    present = [name for name in chosen if session.knows(name)]
    status = int(bool(missing))
    version = f"VERSION {session.manager['version']}\n"
    if "o" in letters:
        if letters["o"] != "disk" or "p" not in letters:
            raise NotSimulatedError("ldm list " + " ".join(words))
        for name in present:
            lines += (
                [f"DOMAIN|name={name}"]
                if name == ldm_reports.PRIMARY
                else ldm_reports.disk_lines(session.manager["domains"][name])
            )
    elif {"e", "l", "S"} & letters.keys():
        raise NotSimulatedError("ldm list " + " ".join(words))
    else:
        rows = [session.row(name) for name in present]
        if "p" not in letters:
            shown = [ldm_reports.HEADER, *(row.line() for row in rows)] if rows else []
            return Answer(status, "".join(f"{line}\n" for line in shown), missing)
        lines = [row.parsable() for row in rows]
    text = "".join(f"{line}\n" for line in lines)
    return Answer(status, version + text if present else "", missing)


def _services(session: LdmSession, words: list[str]) -> Answer:
    pairs, names = read_pairs(words, "lpE")
    if "p" not in dict(pairs) or names not in ([], [ldm_reports.PRIMARY]):
        raise NotSimulatedError("ldm list-services " + " ".join(words))
    lines = [f"VERSION {session.manager['version']}", *ldm_reports.service_lines(session.manager)]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _variables(session: LdmSession, words: list[str]) -> Answer:
    """``list-variable [NAME...] DOMAIN``: every variable that was set, or the named ones."""
    if not words:
        raise BadOptionError("a domain is required")
    domain = session.domain(words[-1])
    lines: list[str] = []
    for name in words[:-1] or domain["variables"]:
        if name not in domain["variables"]:
            # [R]
            return Answer(1, "".join(f"{line}\n" for line in lines), f"Variable {name} not found\n")
        lines.append(f"{name}={domain['variables'][name]}")
    return Answer(0, "".join(f"{line}\n" for line in lines))
