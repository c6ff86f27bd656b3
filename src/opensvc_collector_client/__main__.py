"""The sender that an observer starts, with the words of `osvc collector send`: every action starts one.

It is told one number, and prints nothing: no parser of a command line is imported for it, a sixth of what it costs.
"""

from __future__ import annotations

import sys


def main(argv: list[str]) -> int:
    """Send what waits and end; the exit status.

    Args:
        argv: ``collector send --lock N``, N the open file that holds the sender's lock already.
    """
    match argv:
        case ["collector", "send", "--lock", number] if number.isdigit():
            from opensvc_collector_client.sending import send

            return send(int(number))
    sys.stderr.write("usage: python -m opensvc_collector_client collector send --lock N\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
