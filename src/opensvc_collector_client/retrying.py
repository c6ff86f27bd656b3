"""Records that were set aside, tried once more when an operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_collector_client.poison import PoisonFile
from opensvc_collector_client.transport.failures import Refused

if TYPE_CHECKING:
    from opensvc_collector_client.sender import Sender


def retry_poison_now(sender: Sender, patience: float) -> tuple[int, int]:
    """Try them, oldest first; gives back how many the collector took, and how many are left.

    Raises:
        Locked: another process is sending.
        CollectorError: it cannot be reached; those not tried are kept.
        OSError: what is left cannot be written down.
    """
    with sender.session(patience) as session:
        file = PoisonFile(sender.places.poison)
        waiting, left = file.read(), []
        total = len(waiting)
        try:
            while waiting:
                record = waiting[0]
                try:
                    if record.calls:
                        session.delivery.send_calls(record.calls)
                except Refused:
                    left.append(record)
                else:
                    left += [] if record.calls else [record]
                waiting.pop(0)
        finally:
            file.write([*left, *waiting])
        return total - len(left), len(left)
