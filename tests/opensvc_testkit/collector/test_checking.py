"""Calls against the tables: what was sent in 2010 passes, and each way of being wrong is told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_testkit.collector.checking import check_call
from opensvc_testkit.collector.kinds import seconds
from opensvc_testkit.collector.methods import METHODS
from tests.opensvc_testkit.collector.calls import (
    BEGIN,
    CHECK,
    DISK,
    END,
    LINE,
    LISTS,
    PACKAGE,
    RESOURCE,
    ROWS,
    SERVICE,
    STATUS,
    quoted,
    row,
    rows,
)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("is_quoted", [False, True])
def test_a_row_of_2010(name: str, is_quoted: bool) -> None:
    fields = ROWS[name]
    checked = check_call(name, row(quoted(fields) if is_quoted else fields))
    assert checked.violations == ()
    assert {each: str(value) for each, value in checked.rows[0].items()} == {
        each: str(value) for each, value in fields.items()
    }
    assert checked.is_quoted is is_quoted


@pytest.mark.parametrize("name", LISTS)
def test_rows_of_2010(name: str) -> None:
    fields = LISTS[name]
    assert check_call(name, rows(fields, fields)).violations == ()
    assert check_call(name, rows(fields, fields)).rows == (fields, fields)


def test_every_method_is_tried_here() -> None:
    plain = {name for name in METHODS if name.startswith(("delete_", "register_node", "system."))}
    assert set(METHODS) == {*ROWS, *LISTS, *plain, "svcmon_update_combo"}


def test_a_row_with_the_rows_that_belong_to_it() -> None:
    checked = check_call("svcmon_update_combo", (*row(STATUS), *rows(RESOURCE, {**RESOURCE, "rid": "ip#1"})))
    assert checked.violations == ()
    assert [each["rid"] for each in checked.more] == ["container#0", "ip#1"]


def test_who_calls_is_the_last_argument() -> None:
    assert check_call("begin_action", (*row(BEGIN), ["some-uuid", "node109"])).auth == ("some-uuid", "node109")
    assert check_call("begin_action", (*row(BEGIN), "some-uuid")).violations
    assert check_call("begin_action", row(BEGIN)).auth == ()


def test_a_log_of_2010_came_without_quotes_among_quoted_ones() -> None:
    assert check_call("resmon_update", row({**quoted(RESOURCE), "res_log": "no answer"})).violations == ()
    assert check_call("begin_action", row({**quoted(BEGIN), "version": "one"})).violations


def test_shorter_names_of_packages_are_known() -> None:
    short = {name.removeprefix("pkg_"): value for name, value in PACKAGE.items()}
    checked = check_call("insert_pkg", rows(short))
    assert checked.violations == ()
    assert checked.rows == (PACKAGE,)


@pytest.mark.parametrize("name", ROWS)
def test_each_field_is_needed_and_no_other_is_known(name: str) -> None:
    fields = ROWS[name]
    for missing in fields:
        less = {each: value for each, value in fields.items() if each != missing}
        assert f"field {missing} is missing" in check_call(name, row(less)).violations
    assert check_call(name, row({**fields, "colour": "red"})).violations == ("unknown field colour",)


@pytest.mark.parametrize(
    ("name", "fields", "field", "value"),
    [
        ("begin_action", BEGIN, "begin", "2010-05-18T04:00:01.250000"),
        ("begin_action", BEGIN, "begin", "2010-05-18 04:00:01"),
        ("begin_action", BEGIN, "begin", "2010-02-30 04:00:01.250000"),
        ("begin_action", BEGIN, "svcname", ""),
        ("begin_action", BEGIN, "svcname", 188),
        ("begin_action", BEGIN, "action", None),
        ("end_action", END, "status", "failed"),
        ("end_action", END, "time", "2 s"),
        ("end_action", END, "pid", "1200, 1201"),
        ("svcmon_update", STATUS, "mon_overallstatus", "UP"),
        ("svcmon_update", STATUS, "mon_frozen", "no"),
        ("svcmon_update", STATUS, "mon_svctype", "prod"),
        ("update_service", SERVICE, "svc_envfile", "[default]\n; a comment\nvm_name = vm188\n"),
        ("update_service", SERVICE, "svc_envfile", "[default]\n\nvm_name = vm188\n"),
        ("update_service", SERVICE, "svc_containertype", "container.kvm"),
        ("register_disk", DISK, "disk_id", ""),
        ("register_disk", DISK, "disk_size", "10 GB"),
    ],
)
def test_a_value_that_is_none_of_its_kind(name: str, fields: dict[str, Any], field: str, value: Any) -> None:
    (why,) = check_call(name, row({**fields, field: value})).violations
    assert why.startswith(f"{field}: ")


def test_the_line_of_an_action_names_its_resource() -> None:
    assert check_call("res_action_batch", rows({**LINE, "action": "start"})).violations
    assert check_call("res_action_batch", rows({**LINE, "status_log": "x" * 10_000})).violations == ()
    assert check_call("res_action_batch", rows({**LINE, "status_log": "x" * 20_000})).violations


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("begin_action", ()),
        ("begin_action", (list(BEGIN),)),
        ("begin_action", (list(BEGIN), list(BEGIN.values())[:-1])),
        ("begin_action", (list(BEGIN), [list(BEGIN.values())])),
        ("begin_action", (BEGIN, [])),
        ("begin_action", ([*BEGIN, "begin"], [*BEGIN.values(), BEGIN["begin"]])),
        ("push_checks", row(CHECK)),
        ("delete_disks", ("vm188",)),
        ("delete_disks", ("vm188", "")),
        ("delete_service_list", ("vm188",)),
        ("delete_everything", ()),
        ("register_node", (1,)),
    ],
)
def test_lists_that_are_not_as_the_method_takes_them(name: str, arguments: tuple[Any, ...]) -> None:
    assert check_call(name, arguments).violations


def test_no_rows_are_none_too_many() -> None:
    assert check_call("insert_pkg", (list(PACKAGE), [])).violations == ()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(METHODS)), st.lists(JUNK, max_size=4))
def test_nothing_that_can_come_breaks_the_check(name: str, arguments: list[Any]) -> None:
    checked = check_call(name, arguments)
    assert checked.violations or checked.method is not None


@pytest.mark.parametrize(("text", "long"), [("0:00:02.250000", 2.25), ("1 day, 0:01:00", 86460.0), ("3.5", 3.5)])
def test_how_long_an_action_took(text: str, long: float) -> None:
    assert seconds(text) == long
