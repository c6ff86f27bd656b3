"""A driver that starts a process of its own."""

from __future__ import annotations

import subprocess

from tests.opensvc_testkit.conformance.good import GoodLamp


class Running(GoodLamp):
    def ring(self) -> None:
        subprocess.run(["bell"], check=True)


BROKEN = {"it_runs_commands_through_the_context_only": Running}
