"""Reporting parts one after the other: each that fails is remembered, and keeps no other from being reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_collector_client.parts import DAILY
from opensvc_collector_client.pushes import send_part
from opensvc_collector_client.transport.failures import CollectorError, Unresolved
from opensvc_core.api import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_collector_client.parts import Part
    from opensvc_collector_client.sender import Sender


@frozen
class Report:
    """How reporting went.

    Attributes:
        failed: what went wrong, in the order of the parts.
        absent: why there is no collector to report to, which is no trouble; empty if there is one.
    """

    failed: tuple[OpenSVCError | OSError, ...] = ()
    absent: str = ""


def report_parts(sender: Sender, parts: Sequence[Part], patience: float, names: Sequence[str] = ()) -> Report:
    """Report parts one after the other; raises nothing that one of them does.

    Args:
        sender: of this node.
        parts: which; those of the daily job for none.
        patience: seconds to wait for another sender.
        names: of services, for those parts that are about services; all for none.
    """
    if sender.settings.address is None:
        return Report(absent="no collector is configured")
    try:
        with sender.session(patience) as session:
            failed: list[OpenSVCError | OSError] = []
            for part in parts or DAILY:
                try:
                    send_part(session, part, names)
                except Unresolved as error:
                    session.remember_failure(error)
                    return Report(tuple(failed), error.message)
                except (OpenSVCError, OSError) as error:
                    failed.append(error)
            troubles = [error for error in failed if isinstance(error, CollectorError)]
            if troubles:
                session.remember_failure(troubles[0])
            else:
                session.remember_success()
            return Report(tuple(failed))
    except (OpenSVCError, OSError) as error:
        return Report((error,))
