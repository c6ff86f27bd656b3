"""What answers for a simulated LUN: an array as SPC-4 has it, LIO, tgtd, or a disk without reservations.

Where LIO and tgtd answer otherwise than the standard is captured in ``tests/fixtures/scsi``.
"""

from __future__ import annotations

PREEMPTED = "Reservations preempted"
RELEASED = "Reservations released"
REGISTRATION_PREEMPTED = "Registrations preempted"
POWER_ON = "Power on, reset, or bus device reset occurred"

CONFLICT, ATTENTION, NOT_READY, ILLEGAL, UNSUPPORTED = "conflict", "attention", "not ready", "illegal", "unsupported"


class RefusedError(Exception):
    """The target did not carry out a command.

    ``kind`` is one of ``CONFLICT``, ``ATTENTION``, ``NOT_READY``, ``ILLEGAL`` (a field or service action that it does
    not know), ``UNSUPPORTED`` (the command is unknown); ``sense`` is what a unit attention is about.
    """

    def __init__(self, kind: str, sense: str = "") -> None:
        super().__init__(kind, sense)
        self.kind = kind
        self.sense = sense


class Target:
    """How one kind of target differs from others."""

    __slots__ = (
        "aborts",
        "counts_unregister",
        "has_full_status",
        "has_reservations",
        "news_of_preempted",
        "news_of_return",
        "news_of_strangers",
        "wrong_type",
    )

    def __init__(
        self,
        *,
        has_reservations: bool = True,
        aborts: bool = True,
        has_full_status: bool = True,
        counts_unregister: bool = True,
        news_of_preempted: str = REGISTRATION_PREEMPTED,
        news_of_return: str = POWER_ON,
        news_of_strangers: str = CONFLICT,
        wrong_type: str = ILLEGAL,
    ) -> None:
        self.has_reservations = has_reservations
        self.aborts = aborts
        self.has_full_status = has_full_status
        self.counts_unregister = counts_unregister
        self.news_of_preempted = news_of_preempted
        self.news_of_return = news_of_return
        self.news_of_strangers = news_of_strangers
        self.wrong_type = wrong_type


TARGETS = {
    "array": Target(),
    "lio": Target(counts_unregister=False, news_of_return="", news_of_strangers=NOT_READY, wrong_type=CONFLICT),
    "tgt": Target(aborts=False, has_full_status=False, news_of_preempted=PREEMPTED),
    "plain": Target(has_reservations=False),
}
"""``array`` as the standard says; ``lio`` and ``tgt`` as captured; ``plain`` knows no reservations."""
