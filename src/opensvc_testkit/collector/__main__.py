"""The recording collector as a process: `python -m opensvc_testkit.collector FOLDER`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from opensvc_testkit.collector.answering import Answering
from opensvc_testkit.collector.record import Record
from opensvc_testkit.collector.server import PATH, CollectorServer, watch
from opensvc_testkit.collector.switchboard import Switchboard


def main() -> int:
    """Serve until killed; the first line of the output is the address, once it can be called."""
    parser = argparse.ArgumentParser(prog="python -m opensvc_testkit.collector", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the database and the switch of faults are")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; a free one by default")
    parser.add_argument("--certificate", type=Path, help="PEM file with the key: then it speaks HTTPS")
    parser.add_argument("--needs-auth", action="store_true", help="refuse who does not say its uuid and name")
    parser.add_argument("--outlive", action="store_true", help="go on when the process that started it is gone")
    asked = parser.parse_args()
    if not asked.outlive:
        watch(os.getppid())
    answering = Answering(Record(asked.folder), needs_auth=asked.needs_auth)
    server = CollectorServer(asked.port, answering, Switchboard(asked.folder), asked.certificate)
    scheme = "https" if asked.certificate else "http"
    sys.stdout.write(f"{scheme}://localhost:{server.server_port}{PATH}\n")
    sys.stdout.flush()
    server.serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
