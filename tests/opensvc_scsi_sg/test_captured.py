"""The backends' reading of what the tools printed on real disks (`tests/fixtures/scsi`, captured by the lab)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from opensvc_core.api import CommandResult, Registrations, Reservation
from opensvc_scsi_sg import parse_mpath, parse_sg
from opensvc_scsi_sg.exits import mpath_failure, sg_failure

FIXTURES = Path(__file__).parents[1] / "fixtures" / "scsi"
INDEX: dict[str, dict[str, Any]] = json.loads((FIXTURES / "index.json").read_text())
MINE, THEIRS = 0x1111AAAA, 0x2222BBBB
WERO = 5
TOOLS = {"sg_persist": (sg_failure, parse_sg), "mpathpersist": (mpath_failure, parse_mpath)}
FAILED = {
    "tgt": {
        "register-wrong-key": "conflict",
        "reserve-stranger": "conflict",
        "reserve-other-type": "conflict",
        "release-wrong-type": "not_supported",
        "full-status": "not_supported",
        "preempt-unknown": "conflict",
        "preempt-abort": "not_supported",
        "reserve-conflict": "conflict",
        "keys-preempted": "unit_attention",
        "release-stranger": "conflict",
        "reserve-preempted": "conflict",
        "preempt-stranger": "conflict",
        "clear-stranger": "conflict",
        "unregister-wrong-key": "conflict",
        "bad-type": "not_supported",
        "no-type": "not_supported",
        "two-actions": "failed",
        "removed": "not_supported",
        "cleared": "unit_attention",
        "path-lost": "no_device",
        "path-back": "unit_attention",
    },
    "lio": {
        "register-wrong-key": "conflict",
        "reserve-stranger": "not_ready",
        "reserve-other-type": "conflict",
        "release-wrong-type": "conflict",
        "preempt-unknown": "conflict",
        "reserve-conflict": "conflict",
        "keys-preempted": "unit_attention",
        "release-stranger": "conflict",
        "reserve-preempted": "conflict",
        "preempt-stranger": "conflict",
        "clear-stranger": "conflict",
        "unregister-wrong-key": "conflict",
        "bad-type": "not_supported",
        "no-type": "not_supported",
        "two-actions": "failed",
        "blocked-keys": "conflict",
        "blocked-register": "conflict",
        "removed": "not_supported",
        "cleared": "unit_attention",
        "unable": "not_supported",
        "path-lost": "no_device",
    },
    "map": {
        "register-wrong-key": "conflict",
        "reserve-stranger": "not_ready",
        "reserve-other-type": "conflict",
        "preempt-unknown": "conflict",
        "reserve-conflict": "conflict",
        "release-stranger": "conflict",
        "reserve-preempted": "conflict",
        "preempt-stranger": "conflict",
        "clear-stranger": "conflict",
        "unregister-wrong-key": "failed",
        "path-lost": "no_device",
        "no-device": "no_device",
        "plain-disk": "failed",
        "no-action": "failed",
        "no-daemon-register": "failed",
    },
    "other": {
        "no-device": "no_device",
        "file": "not_supported",
        "folder": "failed",
        "character": "not_supported",
        "system-disk": "not_supported",
        "loop": "not_supported",
        "plain-disk": "not_supported",
        "plain-disk-register": "not_supported",
    },
}
"""What failed, by target and state; everything else that was captured succeeded."""

KEYS = {
    "keys-none": (),
    "keys-mine": (MINE,),
    "keys-both": (MINE, THEIRS),
    "keys-preempted-again": (THEIRS,),
    "keys-after": (),
}
HOLDERS = {"holder-none": None, "holder-mine": MINE, "holder-theirs": THEIRS}


def captured(name: str) -> CommandResult:
    """What was captured under a name."""
    argv, status = INDEX[name]["argv"], INDEX[name]["status"]
    said = FIXTURES / f"{name}.stderr.txt"
    stderr = said.read_text() if said.exists() else ""
    return CommandResult(tuple(argv), status, (FIXTURES / f"{name}.txt").read_text(), stderr)


@pytest.mark.parametrize("name", [name for name, each in INDEX.items() if each["argv"][0] in TOOLS])
def test_every_answer_is_a_success_or_the_right_error(name: str) -> None:
    target, _, state = name.partition("-")
    failure, _ = TOOLS[INDEX[name]["argv"][0]]
    error = failure(captured(name), "/dev/sda")
    assert (error.code if error else None) == FAILED[target].get(state)
    if error:
        assert "it said nothing" not in error.message


def test_every_failure_was_captured() -> None:
    assert {f"{target}-{state}" for target, states in FAILED.items() for state in states} <= set(INDEX)


@pytest.mark.parametrize(
    ("target", "tool", "paths"), [("tgt", "sg_persist", 1), ("lio", "sg_persist", 1), ("map", "mpathpersist", 2)]
)
def test_keys_and_holders_of_every_state(target: str, tool: str, paths: int) -> None:
    _, parser = TOOLS[tool]
    for state, keys in KEYS.items():
        found = parser.parse_registrations(captured(f"{target}-{state}").stdout)
        assert isinstance(found, Registrations)
        assert found.keys == tuple(key for key in keys for _ in range(paths if key == MINE else 1)), state
    for state, key in HOLDERS.items():
        held = parser.parse_reservation(captured(f"{target}-{state}").stdout)
        assert isinstance(held, Reservation)
        assert held.key == key, state
        assert held.type == (WERO if key else 0), state


def test_a_maps_own_release_clears_another_holder() -> None:
    """Why the backend does not use it; if a later version behaves, this capture will tell."""
    assert captured("map-release-theirs").rc == 0
    assert parse_mpath.parse_reservation(captured("map-holder-theirs").stdout).key == THEIRS
    assert parse_mpath.parse_reservation(captured("map-holder-after-release-theirs").stdout).key is None
    assert THEIRS not in parse_mpath.parse_registrations(captured("map-keys-after-release-theirs").stdout).keys
    for target in ("tgt", "lio"):
        assert parse_sg.parse_reservation(captured(f"{target}-holder-after-release-theirs").stdout).key == THEIRS
