"""Reporting parts one after the other: each that fails is remembered, and keeps no other from being reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_collector_client.parts import DAILY
from opensvc_collector_client.pushes import send_part
from opensvc_collector_client.transport.failures import CollectorError, Unresolved
from opensvc_core.api import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_collector_client.parts import Part
    from opensvc_collector_client.sender import Sender


def report_parts(
    sender: Sender, parts: Sequence[Part], patience: float, names: Sequence[str] = ()
) -> list[OpenSVCError | OSError]:
    """Report parts, and give back what went wrong; nothing where there is no collector, which is no trouble.

    Args:
        sender: of this node.
        parts: which; those of the daily job for none.
        patience: seconds to wait for another sender.
        names: of services, for those parts that are about services; all for none.
    """
    failed: list[OpenSVCError | OSError] = []
    if sender.settings.address is None:
        return failed
    try:
        with sender.session(patience) as session:
            for part in parts or DAILY:
                try:
                    send_part(session, part, names)
                except (OpenSVCError, OSError) as error:
                    if isinstance(error, Unresolved) and not sender.settings.is_named:
                        session.remember_failure(error)
                        return []
                    failed.append(error)
            troubles = [error for error in failed if isinstance(error, CollectorError)]
            if troubles:
                session.remember_failure(troubles[0])
            else:
                session.remember_success()
    except (OpenSVCError, OSError) as error:
        failed.append(error)
    return failed
