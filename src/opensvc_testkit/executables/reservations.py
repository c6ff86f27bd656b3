"""SCSI-3 persistent reservations of one simulated LUN, as SPC-4 says; what targets do otherwise is in ``targets``.

A nexus is a node and one of its paths. Every function that is a command raises ``RefusedError`` where the target would
not do it.
"""

from __future__ import annotations

from opensvc_testkit.executables import news
from opensvc_testkit.executables.targets import (
    CONFLICT,
    ILLEGAL,
    PREEMPTED,
    REGISTRANTS,
    RELEASED,
    TYPES,
    UNSUPPORTED,
    RefusedError,
    target_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import SharedDisk

    Nexus = tuple[str, str]

ALL_REGISTRANTS = (7, 8)
BLOCKS_READS = (3, 6, 8)


# -- what is there ---------------------------------------------------------------------------------------------------


def key_of(disk: SharedDisk, nexus: Nexus) -> int:
    """The key with which a nexus is registered; 0 if it is not."""
    for registration in disk["registrations"]:
        if (registration["node"], registration["path"]) == nexus:
            return registration["key"]
    return 0


def keys_of(disk: SharedDisk) -> list[int]:
    """Every registered key, one a nexus, in the order of registration."""
    return [registration["key"] for registration in disk["registrations"]]


def is_holder(disk: SharedDisk, nexus: Nexus) -> bool:
    """Whether a nexus holds the reservation; one for all registrants is held by each of them."""
    if disk["holder"] is None:
        return False
    return bool(key_of(disk, nexus)) if disk["type"] in ALL_REGISTRANTS else disk["holder"] == nexus


def holder_key(disk: SharedDisk) -> int:
    """The key that a target tells of the reservation: 0 of one for all registrants, and of none."""
    return 0 if disk["holder"] is None or disk["type"] in ALL_REGISTRANTS else key_of(disk, disk["holder"])


def may_write(disk: SharedDisk, nexus: Nexus) -> bool:
    """Whether a write through a nexus is carried out; else it meets a reservation conflict."""
    if disk["holder"] is None:
        return True
    return bool(key_of(disk, nexus)) if disk["type"] in REGISTRANTS else disk["holder"] == nexus


def may_read(disk: SharedDisk, nexus: Nexus) -> bool:
    """Whether a read through a nexus is carried out."""
    return disk["type"] not in BLOCKS_READS or may_write(disk, nexus)


# -- commands --------------------------------------------------------------------------------------------------------


def begin(disk: SharedDisk, nexus: Nexus, *, abort: bool = False, full_status: bool = False) -> None:
    """Begin PERSISTENT RESERVE IN or OUT."""
    news.hear(disk, nexus)
    target = target_of(disk)
    if not target.has_reservations:
        raise RefusedError(UNSUPPORTED)
    if (abort and not target.aborts) or (full_status and not target.has_full_status):
        raise RefusedError(ILLEGAL)


def register(
    disk: SharedDisk, nexus: Nexus, key: int, new: int, *, ignore: bool = False, persist: bool = False
) -> None:
    """REGISTER, or REGISTER AND IGNORE EXISTING KEY; the new key 0 takes the registration away."""
    begin(disk, nexus)
    old = key_of(disk, nexus)
    if not ignore and old != key:
        raise RefusedError(CONFLICT)
    if not new:
        _unregister(disk, nexus)
        return
    if old:
        for registration in disk["registrations"]:
            if (registration["node"], registration["path"]) == nexus:
                registration["key"] = new
    else:
        disk["registrations"].append({"node": nexus[0], "path": nexus[1], "key": new})
    disk["persists"] = persist
    disk["generation"] += 1


def reserve(disk: SharedDisk, nexus: Nexus, key: int, kind: int) -> None:
    """RESERVE; again by the holder with the same type is no change."""
    begin(disk, nexus)
    if kind not in TYPES:
        raise RefusedError(ILLEGAL)
    _check_registrant(disk, nexus, key)
    if disk["holder"] is None:
        disk["holder"], disk["type"] = nexus, kind
    elif not is_holder(disk, nexus) or disk["type"] != kind:
        raise RefusedError(CONFLICT)


def release(disk: SharedDisk, nexus: Nexus, key: int, kind: int) -> None:
    """RELEASE; no effect, and no error, by a registrant that does not hold."""
    begin(disk, nexus)
    _check_registrant(disk, nexus, key)
    if not is_holder(disk, nexus):
        return
    if disk["type"] != kind:
        raise RefusedError(target_of(disk).refuses_wrong_type)
    _drop_reservation(disk, nexus, target_of(disk).news_of_release)


def clear(disk: SharedDisk, nexus: Nexus, key: int) -> None:
    """CLEAR: every registration and the reservation."""
    begin(disk, nexus)
    _check_registrant(disk, nexus, key)
    news.tell_others(disk, nexus, PREEMPTED)
    disk["registrations"].clear()
    disk["holder"], disk["type"] = None, 0
    disk["generation"] += 1


def preempt(disk: SharedDisk, nexus: Nexus, key: int, victim: int, kind: int, *, abort: bool = False) -> None:
    """PREEMPT, PREEMPT AND ABORT: remove the victim's registrations; take the reservation if that was the victim's."""
    begin(disk, nexus, abort=abort)
    _check_registrant(disk, nexus, key)
    held_by_all = disk["holder"] is not None and disk["type"] in ALL_REGISTRANTS
    takes = disk["holder"] is not None and (not victim if held_by_all else victim == holder_key(disk))
    if not victim and not held_by_all:
        if not target_of(disk).preempts_nobody:
            raise RefusedError(ILLEGAL)
        disk["generation"] += 1
        return
    if takes and kind not in TYPES:
        raise RefusedError(ILLEGAL)
    named = [
        (registration["node"], registration["path"])
        for registration in disk["registrations"]
        if registration["key"] == victim or (held_by_all and not victim)
    ]
    if not named and not takes:
        raise RefusedError(CONFLICT)
    # Who asks stays registered, also where the key is its own (seen with tgtd).
    removed = [other for other in named if other != nexus]
    for other in removed:
        _forget(disk, other)
        news.tell(disk, other, target_of(disk).news_of_preempted)
    if takes:
        if disk["type"] != kind:
            news.tell_others(disk, nexus, RELEASED)
        disk["holder"], disk["type"] = nexus, kind
    else:
        _pass_on(disk)
    disk["generation"] += 1


# -- what happens to nexuses -----------------------------------------------------------------------------------------


def rename(disk: SharedDisk, nexus: Nexus, path: str) -> None:
    """A nexus is from now on known by another path: what was registered there is nobody's any more."""
    for registration in disk["registrations"]:
        if (registration["node"], registration["path"]) == nexus:
            registration["path"] = path
    if disk["holder"] == nexus:
        disk["holder"] = (nexus[0], path)
    news.forget_attentions(disk, nexus)


def lose_power(disk: SharedDisk) -> None:
    """The target was without power: it remembers registrations only if they were made with APTPL."""
    if not disk["persists"]:
        disk["registrations"].clear()
        disk["holder"], disk["type"], disk["generation"] = None, 0, 0


def _check_registrant(disk: SharedDisk, nexus: Nexus, key: int) -> None:
    registered = key_of(disk, nexus)
    if not disk["registrations"]:
        raise RefusedError(target_of(disk).refuses_strangers)
    if not registered or registered != key:
        raise RefusedError(CONFLICT)


def _forget(disk: SharedDisk, nexus: Nexus) -> None:
    disk["registrations"] = [
        registration for registration in disk["registrations"] if (registration["node"], registration["path"]) != nexus
    ]


def _unregister(disk: SharedDisk, nexus: Nexus) -> None:
    target = target_of(disk)
    if not key_of(disk, nexus):
        disk["generation"] += target.counts_nothing
        return
    was_holder = disk["holder"] == nexus
    _forget(disk, nexus)
    disk["generation"] += target.counts_unregister
    if was_holder and disk["type"] in ALL_REGISTRANTS:
        _pass_on(disk)
    elif was_holder:
        disk["generation"] += target.counts_leaving_holder
        _drop_reservation(disk, nexus, target.news_of_leaving)


def _pass_on(disk: SharedDisk) -> None:
    """A reservation for all registrants lasts as long as there is one; another is none's without its holder."""
    if disk["holder"] is None or key_of(disk, disk["holder"]):
        return
    rest = disk["registrations"]
    if disk["type"] in ALL_REGISTRANTS and rest:
        disk["holder"] = (rest[0]["node"], rest[0]["path"])
    else:
        disk["holder"], disk["type"] = None, 0


def _drop_reservation(disk: SharedDisk, nexus: Nexus, told: tuple[int, ...]) -> None:
    if disk["type"] in told:
        if target_of(disk).misdirects_news:
            news.tell_wrong_ones(disk, nexus, RELEASED)
        else:
            news.tell_others(disk, nexus, RELEASED)
    disk["holder"], disk["type"] = None, 0
