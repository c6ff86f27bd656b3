"""What a collector knows, as the demo shows it."""

from __future__ import annotations

from pathlib import Path

from opensvc_testkit.collector.checking import check_call
from opensvc_testkit.collector.knowledge import tell_all
from opensvc_testkit.collector.record import Record
from tests.opensvc_testkit.collector.calls import BEGIN, DISK, END, LATER, LINE, SERVICE, STATUS, row, rows


def test_services_actions_and_disks_in_columns(tmp_path: Path) -> None:
    record = Record(tmp_path)
    for name, arguments in (
        ("begin_action", row(BEGIN)),
        ("res_action_batch", rows(LINE, {**LINE, "action": "ip#1 start"})),
        ("end_action", row(END)),
        ("begin_action", row({**BEGIN, "action": "stop", "begin": LATER})),
        ("update_service", row(SERVICE)),
        ("svcmon_update", row(STATUS)),
        ("register_disk", row(DISK)),
    ):
        record.keep(name, arguments, check_call(name, arguments))
    assert tell_all(record).split("\n\n") == [
        "service  type  container  app  node     overall\nvm188    DEV   hpvm       ERP  node109  up",
        (
            "began                service  action  node     status     took     lines\n"
            "2010-05-18 04:00:01  vm188    start   node109  warn       0:00:02  2\n"
            "2010-05-18 04:00:03  vm188    stop    node109  under way  -        0"
        ),
        (
            "disk                               service  node     MB     vendor  model\n"
            "3600508b400105e210000900000490000  vm188    node109  10240  HP      HSV210"
        ),
    ]
    record.close()


def test_a_collector_that_knows_nothing_says_so(tmp_path: Path) -> None:
    record = Record(tmp_path)
    assert tell_all(record).count("\nnone") == 3
    record.close()
