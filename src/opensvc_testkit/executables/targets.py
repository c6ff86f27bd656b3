"""What answers for a simulated LUN: an array as SPC-4 has it, LIO, tgtd, or a disk without reservations.

Where LIO and tgtd answer otherwise than the standard is captured in ``tests/fixtures/scsi``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk

WRITE_EXCLUSIVE, EXCLUSIVE_ACCESS = 1, 3
TYPES = (1, 3, 5, 6, 7, 8)
REGISTRANTS = (5, 6, 7, 8)
"""Types under which every registrant has access; of these 7 and 8 are held by all of them."""

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
    """How one kind of target differs from others; the values that a parameter has by default are SPC-4's."""

    __slots__ = (
        "aborts",
        "counts_leaving_holder",
        "counts_nothing",
        "counts_unregister",
        "has_full_status",
        "has_reservations",
        "misdirects_news",
        "news_of_leaving",
        "news_of_preempted",
        "news_of_release",
        "news_of_return",
        "preempts_nobody",
        "refuses_strangers",
        "refuses_wrong_type",
        "repeats_news",
    )

    def __init__(  # noqa: PLR0913 - so many are the differences
        self,
        *,
        has_reservations: bool = True,
        aborts: bool = True,
        has_full_status: bool = True,
        counts_unregister: bool = True,
        counts_leaving_holder: bool = False,
        counts_nothing: bool = False,
        news_of_preempted: str = REGISTRATION_PREEMPTED,
        news_of_return: str = POWER_ON,
        news_of_release: tuple[int, ...] = REGISTRANTS,
        news_of_leaving: tuple[int, ...] = REGISTRANTS,
        misdirects_news: bool = False,
        preempts_nobody: bool = False,
        refuses_strangers: str = CONFLICT,
        refuses_wrong_type: str = ILLEGAL,
        repeats_news: bool = False,
    ) -> None:
        """Describe a target.

        Args:
            has_reservations: it knows the commands.
            aborts: it knows PREEMPT AND ABORT.
            has_full_status: it knows READ FULL STATUS.
            counts_unregister: a registration that is taken away counts as a change.
            counts_leaving_holder: that of the holder counts once more.
            counts_nothing: so does the wish of somebody who is not registered.
            news_of_preempted: what a nexus hears whose registration was taken.
            news_of_return: what a nexus hears first when its path has been down; empty for nothing.
            news_of_release: types of reservation of whose release others hear.
            news_of_leaving: types of which they hear when the holder unregisters.
            misdirects_news: of a release hears, for each other registrant, everybody but that one.
            preempts_nobody: to preempt the key 0 is no error where it means nobody.
            refuses_strangers: how who is not registered is refused while nobody is.
            refuses_wrong_type: how a release with another type than held is refused.
            repeats_news: of the same news twice a nexus hears twice.
        """
        self.has_reservations = has_reservations
        self.aborts = aborts
        self.has_full_status = has_full_status
        self.counts_unregister = counts_unregister
        self.counts_leaving_holder = counts_leaving_holder
        self.counts_nothing = counts_nothing
        self.news_of_preempted = news_of_preempted
        self.news_of_return = news_of_return
        self.news_of_release = news_of_release
        self.news_of_leaving = news_of_leaving
        self.misdirects_news = misdirects_news
        self.preempts_nobody = preempts_nobody
        self.refuses_strangers = refuses_strangers
        self.refuses_wrong_type = refuses_wrong_type
        self.repeats_news = repeats_news


TARGETS = {
    "array": Target(),
    "lio": Target(counts_unregister=False, news_of_return="", refuses_strangers=NOT_READY, refuses_wrong_type=CONFLICT),
    "tgt": Target(
        aborts=False,
        has_full_status=False,
        counts_leaving_holder=True,
        counts_nothing=True,
        news_of_preempted=PREEMPTED,
        news_of_release=(WRITE_EXCLUSIVE, EXCLUSIVE_ACCESS),
        news_of_leaving=(1, 3, 5, 6),
        misdirects_news=True,
        preempts_nobody=True,
        repeats_news=True,
    ),
    "plain": Target(has_reservations=False),
}
"""``array`` as the standard says, ``lio`` as captured, ``tgt`` checked against tgtd in the lab; ``plain`` has none."""


def target_of(disk: SharedDisk) -> Target:
    """What answers for a disk."""
    return TARGETS[disk["target"]]
