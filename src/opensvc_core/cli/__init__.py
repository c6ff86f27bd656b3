"""The `osvc` command: the only part that reads the environment, installs signal handlers, or prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``osvc`` with the words of the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(argv: list[str]) -> int:
    """Run one command line and give back its exit status (``docs/reference/exit-status.md``).

    The verb is looked up in a table before anything is imported: ``osvc --help`` imports no more than that table, and a
    verb no more than it uses.

    Args:
        argv: the words after ``osvc``.
    """
    from opensvc_core.cli import verbs

    if not argv or argv[0] in {"-h", "--help", "help"}:
        from opensvc_core.cli.output import write

        write(verbs.help_text())
        return 0 if argv else verbs.USAGE
    if argv[0] == "--version":
        argv = ["version"]
    try:
        if len(argv) == 3 and argv[:2] == ["peer", "--from"]:
            # As sshd starts it for another node: what parses an operator's words takes as long to load as all else.
            from opensvc_core.cli.answering import answer_peer

            return answer_peer(argv[2])
        command = verbs.command(argv[0])
        status = command.main(args=argv[1:], prog_name=f"osvc {argv[0]}", standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the outermost door: every error becomes a line and an exit status
        from opensvc_core.cli.failure import Wishes, report

        return report(error, Wishes.of(argv), command_line=f"osvc {argv[0]}")
    return status if isinstance(status, int) else 0
