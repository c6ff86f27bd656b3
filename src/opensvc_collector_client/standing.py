"""How reporting goes, for display: nothing is asked of the collector, and nothing is changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from opensvc_collector_client.poison import MOST, PoisonFile
from opensvc_collector_client.private_files import is_locked
from opensvc_collector_client.queue import Queue
from opensvc_collector_client.registration import is_open_to_others, read_uuid
from opensvc_collector_client.settings import Places, read_settings
from opensvc_collector_client.state import State
from opensvc_core.api import JournalError

if TYPE_CHECKING:
    from opensvc_core.api import Agent


def describe(agent: Agent) -> dict[str, Any]:
    """How reporting goes, JSON-ready. Raises ConfigError."""
    settings, places = read_settings(agent.node), Places.of(agent.node)
    state = State.read(places.state)
    clock = agent.clock
    poison = PoisonFile(places.poison).read()
    queue = Queue(agent.feed, state)
    trouble = ""
    pending: dict[str, int] = {}
    dropped: dict[str, int] = {}
    full: tuple[str, ...] = ()
    try:
        queue.open()
        pending, dropped = queue.pending(), agent.feed.dropped()
        full = agent.journal_usage().warnings
    except JournalError as error:
        trouble = error.message
    return {
        "schema": 1,
        "node": agent.node.name,
        "url": settings.url,
        "source": settings.source,
        "state": _state(state, is_off=settings.address is None),
        "registered": bool(read_uuid(places)),
        "sending": is_locked(places.lock),
        "pending": pending,
        "blocked": list(state.blocked),
        "last_try": _moment(state.last_try),
        "last_success": _moment(state.last_success),
        "error": state.error,
        "error_code": state.error_code,
        "failures": state.pause.failures,
        "backoff_seconds": round(state.pause.left(clock.now(), clock.monotonic(), agent.node.boot_id)),
        "refusals": state.refusals.count,
        "poison": len(poison),
        "poison_reasons": [f"{each.kind} of {each.service}: {each.reason}" for each in poison[-5:]],
        "dropped": {**dropped, "poison": state.dropped_poison},
        "missing_methods": dict(state.missing),
        "refused_files": sorted(state.refused_files),
        "reported": {name: _moment(at) for name, at in state.pushed.items()},
        "warnings": [
            *([trouble] if trouble else []),
            *full,
            *([f"others may read {places.uuid}: chmod 600"] if is_open_to_others(places) else []),
            *(
                [f"{len(poison)} records are set aside; beyond {MOST} the oldest are dropped"]
                if _is_many(poison)
                else []
            ),
        ],
    }


def _is_many(poison: list[Any]) -> bool:
    return len(poison) >= MOST * 0.8


def _state(state: State, *, is_off: bool) -> str:
    """``off``, ``unknown`` (never tried), ``absent`` (its name never resolved), ``failing`` or ``ok``."""
    if is_off:
        return "off"
    if not state.last_try:
        return "unknown"
    if state.error_code == "collector_unresolved" and not state.last_success:
        return "absent"
    return "failing" if state.error else "ok"


def _moment(at: float) -> str:
    """Seconds since the epoch as a moment of ISO 8601 in UTC; empty for never."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""
