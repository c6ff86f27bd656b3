"""The contract of a driver: every check of the suite, for an author to subclass."""

from __future__ import annotations

from opensvc_testkit.conformance.batch import Batch
from opensvc_testkit.conformance.cancelling import Cancelling
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.dry_run import DryRun
from opensvc_testkit.conformance.hand_over import HandOver
from opensvc_testkit.conformance.identity import Identity
from opensvc_testkit.conformance.inventory import Inventories
from opensvc_testkit.conformance.keywords import Keywords
from opensvc_testkit.conformance.life import Life
from opensvc_testkit.conformance.limits import Limits
from opensvc_testkit.conformance.operators import Errors
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.source import Source
from opensvc_testkit.conformance.undetermined import CannotTell

__all__ = ["DriverContract", "check_names"]


class DriverContract(
    Identity,
    Source,
    Keywords,
    Life,
    Batch,
    Inventories,
    CannotTell,
    Limits,
    DryRun,
    Errors,
    Cancelling,
    HandOver,
    Checks,
):
    """All that is asked of a driver; see ``Checks`` for what a subclass says, and ``docs/reference/conformance.md``."""

    def test_exemptions_have_reasons(self) -> None:
        """What is exempt is a check, and each exemption says why."""
        strange = sorted(set(self.exempt) - set(check_names()))
        require(not strange, f"`exempt` names what is no check: {', '.join(strange)}")
        for said in (self.exempt, self.auxiliary, self.lines_stand_alone):
            silent = sorted(name for name, reason in said.items() if len(reason.split()) < 3)
            require(not silent, f"say why: {', '.join(silent)}")


def check_names() -> list[str]:
    """Names of the checks, as ``exempt`` has them."""
    return sorted(name.removeprefix("test_") for name in dir(DriverContract) if name.startswith("test_"))
