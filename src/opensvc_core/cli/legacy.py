"""The commands of 2010: `svcmgr` (also as `etc/<svc>`), `svcmon`, `nodemgr`, as the cookbook types them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from opensvc_core.cli.failure import UsageError, Wishes, report
from opensvc_core.cli.legacy_verbs import FORCE_PERMITS, MOVES, PARTS, act_on_services, look, replicate, reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


NOT_YET = (
    "syncupdate", "syncresync",
    "syncverify", "syncquiesce", "syncresume", "syncsplit",
    "run", "get", "set", "unset", "update", "delete",
    "edit_config", "create", "print_schedule", "push_appinfo", "freezestop", "move", "provision", "unprovision",
    "enable", "disable",
)  # fmt: skip
"""Verbs of the cookbook and of the agents after it that this version does not have."""

REPLICATIONS = {"syncnodes": "nodes", "syncdrp": "drp", "syncall": "all"}
"""Verbs of 2010 for ``osvc sync``; ``--force`` passes over the shortest delay between two."""

LISTS = ("diskupdate", "presync", "postsync")
"""Verbs that write what peers need of disks: ``diskupdate`` became the other two in 2010."""

RESERVATION_VERBS = {
    "scsireserv": "take",
    "scsirelease": "release",
    "scsicheckreserv": "show",
    "prstart": "take",
    "prstop": "release",
    "prstatus": "show",
}
"""Verbs of 2010 and after for ``osvc reservation``."""

HINTS = {
    "print_schedule": "`osvc schedule` shows it",
    "create": "`osvc config create NAME --from FILE` makes a service",
}

NODE_VERBS = (
    "syncservices", "pushstats", "pushsym", "compliance_check", "compliance_fix", "get", "set", "unset", "scanscsi",
    "updatepkg",
)  # fmt: skip
"""Verbs of ``nodemgr`` (agents 2010 and 2013) that this version does not have."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors look like all others."""

    def error(self, message: str) -> NoReturn:
        """Raises UsageError."""
        raise UsageError(message, hint=f"`{self.prog} --help` tells what it takes")


def svcmgr() -> None:
    """Run ``svcmgr -s SVC VERB``, or ``etc/SVC VERB``, and exit with its status."""
    _exit("svcmgr", lambda: run_svcmgr(sys.argv[0], sys.argv[1:]))


def svcmon() -> None:
    """Run ``svcmon`` and exit with its status."""
    _exit("svcmon", lambda: run_svcmon(sys.argv[1:]))


def nodemgr() -> None:
    """Run ``nodemgr VERB`` and exit with its status."""
    _exit("nodemgr", lambda: run_nodemgr(sys.argv[1:]))


def _exit(name: str, work: Callable[[], int]) -> NoReturn:
    try:
        status = work()
    except KeyboardInterrupt:
        status = 130
    except Exception as error:  # noqa: BLE001 - the outermost door: every error becomes a line and an exit status
        status = report(error, Wishes(is_loud="--debug" in sys.argv), command_line=name)
    sys.exit(status)


def link_of(program: str) -> tuple[Path | None, str]:
    """Root folder and service that a call by ``etc/<svc>`` means.

    Args:
        program: ``argv[0]``.

    Returns:
        The root folder and the name, or ``(None, "")`` if it was not called by a link below an ``etc/``.
    """
    path = Path(program).absolute()
    if path.parent.name == "etc" and path.is_symlink() and path.name != "svcmgr":
        return path.parent.parent, path.name
    return None, ""


def run_svcmgr(program: str, argv: Sequence[str]) -> int:
    """Run one command line of ``svcmgr`` and give back the exit status.

    Args:
        program: ``argv[0]``: a link ``etc/<svc>`` names service and root folder.
        argv: the words after it.

    Raises:
        OpenSVCError: as for ``osvc``; NotYet for verbs of later versions.
    """
    root, linked = link_of(program)
    options = _svcmgr_parser(linked).parse_args(list(argv))
    verb: str = options.verb.replace("-", "_")
    names = [linked] if linked else [name for name in options.service.split(",") if name]
    if not names:
        raise UsageError("no service is named", hint="svcmgr -s SERVICE VERB, or etc/SERVICE VERB")
    if verb in NOT_YET:
        _refuse(verb)
    if verb == "push":
        from opensvc_core.cli.legacy_reports import PUSH, run_words

        return run_words((*PUSH, *names), options.verb, root)
    from opensvc_core.cli.environment import open_here

    agent = open_here(root)
    if verb in {"print_status", "status", "json_status", "frozen", "print_config", "validate_config"}:
        return look(agent, verb, names)
    if verb in LISTS:
        from opensvc_core.cli.disks import update_and_tell
        from opensvc_core.cli.options import Format

        return update_and_tell(names, Format.TABLE, agent)
    if verb in REPLICATIONS:
        return replicate(agent, REPLICATIONS[verb], names, options)
    if verb in RESERVATION_VERBS:
        return reserve(agent, RESERVATION_VERBS[verb], names, options)
    if verb in {"freeze", "thaw"}:
        found = agent.find(names)
        (agent.freeze if verb == "freeze" else agent.thaw)(found)
        return 0
    return act_on_services(agent, verb, names, options)


def _svcmgr_parser(linked: str) -> _Parser:
    parser = _Parser(prog=linked or "svcmgr", description="The command of 2010. `osvc --help` tells of the new ones.")
    if not linked:
        parser.add_argument("-s", "--service", default="", metavar="SVC[,SVC]", help="the services")
    parser.add_argument("-f", "--force", action="store_true", help=f"lift: {', '.join(FORCE_PERMITS)}")
    parser.add_argument("--rid", action="append", metavar="RID[,RID]", help="only these resources")
    parser.add_argument("--tags", action="append", metavar="TAGS", help="only resources with these tags")
    parser.add_argument("--to", default="", metavar="NODE", help="with switch: the node to start it on")
    parser.add_argument("--waitlock", type=float, default=60.0, metavar="SECONDS", help="wait for another run's lock")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")
    parser.add_argument("--debug", action="store_true", help="show commands, and tracebacks of errors")
    parser.add_argument(
        "verb",
        metavar="VERB",
        help="print_status, status, start, stop, restart, freeze, thaw, frozen, print_config, validate_config, mount, "
        f"push, {', '.join(MOVES)}, "
        f"umount, {', '.join((*LISTS, *REPLICATIONS))}, "
        f"start/stop followed by {', '.join(PARTS)}, {', '.join(RESERVATION_VERBS)}",
    )
    return parser


def _refuse(verb: str) -> NoReturn:
    from opensvc_core.errors import NotYet

    raise NotYet(f"{verb}: this version does not have it yet", hint=HINTS.get(verb, "`osvc --help` lists what it has"))


def run_svcmon(argv: Sequence[str]) -> int:
    """Run one command line of ``svcmon``, which lists as ``osvc mon`` does, and give back the exit status.

    Raises:
        NotYet: ``--updatedb``, and nothing is installed that reports to a collector.
    """
    parser = _Parser(prog="svcmon", description="One row a service; `osvc mon` is the new way.")
    parser.add_argument("-s", "--service", default="", metavar="SVC[,SVC]", help="only these")
    parser.add_argument("--updatedb", action="store_true", help="report to the collector, too")
    parser.add_argument("--verbose", action="store_true", help="print_status of each service")
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    options = parser.parse_args(list(argv))
    reported = 0
    if options.updatedb:
        from opensvc_core.cli.legacy_reports import UPDATE, run_words

        only = ("--service", options.service) if options.service else ()
        reported = run_words((*UPDATE, *only), "svcmon --updatedb")
    from opensvc_core.cli.asking import ask
    from opensvc_core.cli.options import Color
    from opensvc_core.cli.output import write
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.render.status import mon_table, status_trees
    from opensvc_core.cli.terminal import wants_color

    answers = ask([name for name in options.service.split(",") if name], is_whole=options.verbose)
    words = answers.words
    view = (
        status_trees(answers.statuses, words, answers.at)
        if options.verbose
        else mon_table(answers.statuses, None, words, answers.at)
    )
    write(to_text(view, has_color=wants_color(Color.AUTO)))
    answers.tell_broken()
    return max(answers.exit_status, reported)


def run_nodemgr(argv: Sequence[str]) -> int:
    """Run one command line of ``nodemgr``, and give back the exit status.

    Raises:
        NotYet: the verb is known, and belongs to a later version or to a distribution that is not installed.
        UsageError: it is not known.
    """
    from opensvc_core.cli.legacy_reports import NODE_REPORTS, run_words

    parser = _Parser(prog="nodemgr", description="Actions on the node; `osvc --help` tells of the new ones.")
    parser.add_argument("--debug", action="store_true", help="tracebacks of errors")
    parser.add_argument("verb", metavar="VERB", help=", ".join(("prkey", *NODE_REPORTS)))
    verb: str = parser.parse_args(list(argv)).verb
    if verb == "prkey":
        from opensvc_core.cli.keys import tell_key
        from opensvc_core.cli.options import Format

        return tell_key(Format.PLAIN, is_new=False)
    if verb in NODE_REPORTS:
        return run_words(NODE_REPORTS[verb], f"nodemgr {verb}")
    if verb not in NODE_VERBS:
        raise UsageError(f"there is no verb {verb!r}", hint="`nodemgr --help` lists the verbs")
    _refuse(verb)
