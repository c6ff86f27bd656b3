"""What `osvc status` and `osvc mon` look like: 80 columns, every note readable, nothing that steers the terminal."""

from __future__ import annotations

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opensvc_core.cli.plain import mon_lines, status_lines
from opensvc_core.cli.render import to_text
from opensvc_core.cli.render.status import mon_table, status_trees
from opensvc_core.cli.render.watch import screen
from opensvc_core.errors import OpenSVCError
from opensvc_core.model import Note, Severity, Status, StatusReport
from opensvc_core.status import ServiceStatus
from tests.opensvc_core.cli.reports import resource, service, status_of, vm188

TREE = """\
vm188                       warn
├── avail                   warn
│   ├── vmdg         .....  n/a         devices of vm188
│   ├── container#0  .....  up          vm188
│   ├── ip#1         .....  warn        vm188@lan0
│   │     # answers ping and is not plumbed on lan0
│   └── ip#2         .D...  n/a         10.0.0.9@lan1
│         # disabled; it answered: down
└── optional
    └── app#0        ..O..  up          /svc/etc/init.d
"""


def tree_of(status: ServiceStatus, width: int = 80) -> str:
    return to_text(status_trees({status.service.name: status}), width=width)


def test_a_service_is_a_tree_of_resources_with_their_notes() -> None:
    status = status_of(
        vm188(),
        {
            "vmdg": StatusReport(Status.NA),
            "ip#1": StatusReport.warn("answers ping and is not plumbed on lan0"),
            "ip#2": StatusReport(Status.DOWN),
        },
    )
    assert tree_of(status) == TREE


def test_a_frozen_service_says_so_and_a_cut_run_is_told_under_its_name() -> None:
    note = Note("the start by root was interrupted; osvc recover vm188", "interrupted", Severity.WARNING)
    text = tree_of(status_of(vm188(), {}, is_frozen=True, notes=(note,)))
    head = " ".join(text[: text.index("avail")].replace("│", " ").split())
    assert "frozen: refuses actions until `osvc thaw`" in head
    assert "# the start by root was interrupted; osvc recover vm188" in head


def test_standby_and_replication_have_their_places() -> None:
    asked = service([resource("container#0", is_standby=True), resource("sync#i0", "to the other nodes")])
    text = tree_of(status_of(asked, {"container#0": StatusReport(Status.DOWN), "sync#i0": StatusReport(Status.WARN)}))
    assert "container#0  ....S  stdby down" in text
    sync = text.splitlines().index("└── sync")
    assert "sync#i0" in text.splitlines()[sync + 1]


def test_colours_are_there_only_when_asked_for() -> None:
    status = status_of(vm188(), {})
    assert "\x1b[" not in tree_of(status)
    coloured = to_text(status_trees({"vm188": status}), has_color=True, width=80)
    assert "\x1b[32mup" in coloured


REPORTS = st.builds(
    StatusReport,
    st.sampled_from(Status),
    st.lists(st.builds(Note, st.text(max_size=200), severity=st.sampled_from(Severity)), max_size=2).map(tuple),
)


@given(report=REPORTS, label=st.text(max_size=120), width=st.integers(60, 200))
def test_any_answer_fits_any_terminal_and_cannot_steer_it(report: StatusReport, label: str, width: int) -> None:
    asked = service([resource("container#0", label), resource("ip#1", label, is_optional=True)])
    text = tree_of(status_of(asked, {"container#0": report, "ip#1": report}), width)
    lines = text.removesuffix("\n").split("\n")
    assert max(cell_len(line) for line in lines) <= width
    assert all(char.isprintable() for line in lines for char in line)
    assert report.status.value in text


@given(
    statuses=st.lists(st.sampled_from(Status), min_size=5, max_size=5),
    held=st.sampled_from(
        [((True, False, False), "yes"), ((True, True, True), "node"), ((False, False, True), "drain")]
    ),
)
def test_mon_fits_80_columns_for_any_states_and_names_of_16_characters(
    statuses: list[Status], held: tuple[tuple[bool, bool, bool], str]
) -> None:
    (is_frozen, is_node_frozen, is_drained), word = held
    asked = vm188("gieprdtransco001")
    answers = {r.rid: StatusReport(s) for r, s in zip(asked.resources, statuses, strict=True)}
    status = status_of(asked, answers, is_frozen=is_frozen)
    status = evolve(status, is_node_frozen=is_node_frozen, is_drained=is_drained)
    text = to_text(mon_table({asked.name: status}), width=80)
    header, row = text.splitlines()
    assert header.split() == [
        "SERVICE", "TYPE", "MODE", "CONT", "IP", "DISK", "FS", "APP", "SYNC", "AVAIL", "OVER", "FRZ",
    ]  # fmt: skip
    assert row.split()[:3] == ["gieprdtransco001", "DEV", "kvm"]
    assert row.split()[-1] == word
    assert max(len(header), len(row)) <= 80


def test_a_longer_name_folds_and_no_state_is_cut() -> None:
    asked = vm188("unxdevweb01.mydomain.com")
    text = to_text(mon_table({asked.name: status_of(asked, {})}), width=80)
    assert "".join(line.split()[0] for line in text.splitlines()[1:]) == asked.name
    assert text.splitlines()[1].split()[3] == "up"


def test_mon_tells_of_interrupted_runs_below_the_table() -> None:
    note = Note("the start by root (pid 12) was interrupted", "interrupted", Severity.WARNING)
    text = to_text(mon_table({"vm188": status_of(vm188(), {}, notes=(note,))}), width=80)
    assert text.splitlines()[-1] == "vm188: the start by root (pid 12) was interrupted"


def test_no_services_is_said() -> None:
    assert "osvc config create" in to_text(mon_table({}), width=80)
    assert "osvc config create" in to_text(status_trees({}), width=80)


def test_a_screen_too_small_says_how_many_services_are_left_out() -> None:
    statuses = {f"vm{n}": status_of(vm188(f"vm{n}"), {}) for n in range(30)}
    text = to_text(mon_table(statuses, rows=10), width=80)
    assert "vm9 " in text
    assert "vm10 " not in text
    assert "20 more" in text


def test_the_watching_screen_keeps_the_last_answer_when_a_look_fails() -> None:
    from opensvc_core.cli.asking import Answers

    last = Answers("node109", 0.0, {"vm188": status_of(vm188(), {})})
    text = to_text(screen(OpenSVCError("no such pool"), last, height=24, interval=5), width=80)
    assert "vm188" in text
    assert "error: no such pool" in text


def test_plain_status_has_one_thing_a_line() -> None:
    status = status_of(vm188(), {"ip#1": StatusReport.undef("ping: no\tsuch\nthing")})
    lines = [line.split("\t") for line in status_lines({"vm188": status}).splitlines()]
    assert ["vm188", "overall", "warn", "."] in lines
    assert ["vm188", "app#0", "up", "..O..", "app.launchers", "/svc/etc/init.d"] in lines
    assert ["vm188", "ip#1", "#", "warning", "undef", "ping: no such thing"] in lines


def test_plain_mon_has_the_columns_in_full() -> None:
    asked = service([resource("container#0", is_standby=True)])
    lines = mon_lines({"vm188": status_of(asked, {})})
    assert lines.split("\t")[:4] == ["vm188", "DEV", "kvm", "stdby up"]


@given(label=st.text(max_size=80))
def test_plain_fields_never_break_a_line(label: str) -> None:
    asked = service([resource("container#0", label)])
    lines = status_lines({"vm188": status_of(asked, {})})
    rows = [line.split("\t") for line in lines.removesuffix("\n").split("\n")]
    assert [len(row) for row in rows] == [4, 4, 6]
