"""The backends on real processes: simulated tools that hang, that are missing, that answer only when all are asked."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from opensvc_core.api import CommandTimeout, LogicalUnit, Registrations
from opensvc_core.host.local import LocalHost
from opensvc_scsi_sg import SgPersist
from tests.opensvc_scsi_sg import samples
from tests.opensvc_scsi_sg.stand_ins import codes, context_on, unit

pytestmark = pytest.mark.simulated

SG = SgPersist()
UNITS = 64


def simulate(folder: Path, script: str) -> LocalHost:
    """A node whose ``sg_persist`` is a script."""
    tool = folder / "sg_persist"
    tool.write_text(f"#!/bin/sh\n# A simulated sg_persist.\n{script}\n")
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    return LocalHost("n1", f"{folder}:/usr/bin:/bin")


def units(count: int) -> list[LogicalUnit]:
    return [unit(f"/dev/sd{n}", device=f"/dev/sd{n}", identity=f"naa.{n}") for n in range(count)]


def test_all_units_are_asked_at_once(tmp_path: Path) -> None:
    # Each process waits at a gate that opens only when all have come: asked one after another, none would answer.
    (tmp_path / "bin").mkdir()
    (tmp_path / "came").mkdir()
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    host = simulate(tmp_path / "bin", f": > {tmp_path}/came/$$; cat {gate}; printf '%s' '{samples.SG_ONE_KEY}'")

    is_done = threading.Event()

    def open_gate() -> None:
        while not is_done.wait(0.01):
            if len(list((tmp_path / "came").iterdir())) == UNITS:
                # Again and again: one that has come may not stand at the gate yet.
                with suppress(OSError):
                    os.close(os.open(gate, os.O_WRONLY | os.O_NONBLOCK))

    opener = threading.Thread(target=open_gate)
    opener.start()
    answers = dict(SG.read_registrations(units=units(UNITS), context=context_on(host)))
    is_done.set()
    opener.join()
    assert set(answers.values()) == {Registrations((0x1111AAAA,), 1)}
    assert len(answers) == UNITS


def test_a_disk_that_hangs_is_undecided_and_the_others_answer(tmp_path: Path) -> None:
    hang = 'case "$*" in */dev/sd0) trap "" TERM; while :; do sleep 1; done;; esac'
    host = simulate(tmp_path, f"{hang}\nprintf '%s' '{samples.SG_ONE_KEY}'")
    two = units(2)
    answers = codes(iter(SG.read_registrations(units=two, context=context_on(host, limit=4))))
    assert answers == {two[0]: "failed", two[1]: ""}


def test_a_change_that_hangs_is_a_lost_change(tmp_path: Path) -> None:
    context = context_on(simulate(tmp_path, "exec sleep 60"), limit=2)
    with pytest.raises(CommandTimeout):
        SG.register(unit=unit("/dev/sda"), key=0xA, context=context)
    assert context.lost_changes == ("sg_persist -n --out --register-ignore --param-sark=0xa /dev/sda",)


def test_a_missing_tool(tmp_path: Path) -> None:
    one = unit()
    context = context_on(LocalHost("n1", str(tmp_path)))
    ((_, answer),) = SG.read_holder(units=[one], context=context)
    assert codes(iter([(one, answer)])) == {one: "not_supported"}
    assert "sg_persist" in str(answer)


def test_garbage_and_a_crash(tmp_path: Path) -> None:
    script = 'case "$*" in */dev/sd0) printf "\\377\\000\\n";; */dev/sd1) kill -SEGV $$;; */dev/sd2) echo ok;; esac'
    three = units(3)
    answers = codes(iter(SG.read_holder(units=three, context=context_on(simulate(tmp_path, script)))))
    assert answers == dict.fromkeys(three, "failed")
