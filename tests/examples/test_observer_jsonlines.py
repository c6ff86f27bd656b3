"""The observer in `examples/`: built, installed beside core in an empty environment, told of a service's actions."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.installed import OBSERVER, Installed
from tests.wheels.distributions import wheel_files

pytestmark = pytest.mark.wheels
MODULE = OBSERVER / "opensvc_observer_jsonlines.py"
LAUNCHER = """#!/bin/sh
case $1 in
start) touch {state} ;;
stop) rm -f {state} ;;
status) test -e {state} ;;
esac
"""


@pytest.fixture
def service(node: Installed) -> Installed:
    """A node with the service `data`, one application."""
    node.write_service("data", "[default]\nnodes = node1\n[app#0]\ntype = launchers\n")
    launchers = node.folder / "root" / "etc" / "data.d"
    launchers.mkdir()
    (launchers / "S10app").write_text(LAUNCHER.format(state=node.folder / "state"))
    (launchers / "S10app").chmod(0o755)
    for letter in "KC":
        (launchers / f"{letter}10app").symlink_to("S10app")
    return node


def lines(file: Path) -> list[dict[str, Any]]:
    """What was written, each line by itself; those that were cut left out."""
    found = []
    for line in file.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def actions(file: Path) -> list[tuple[str, str]]:
    """Begins and ends, with their action."""
    return [(each["kind"], each["action"]) for each in lines(file) if each["kind"] != "status"]


def test_it_is_small_and_documented_and_sees_core_through_its_door_alone() -> None:
    text = MODULE.read_text()
    assert len(text.splitlines()) < 80
    tree = ast.parse(text)
    for each in ast.walk(tree):
        if isinstance(each, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            assert ast.get_docstring(each)
        if isinstance(each, ast.ImportFrom) and each.module and each.module.startswith("opensvc"):
            assert (each.module, [name.name for name in each.names]) == ("opensvc_core", ["api"])


def test_the_wheel_holds_the_module_alone(wheels: Path) -> None:
    (wheel,) = wheels.glob("opensvc_observer_jsonlines-*.whl")
    assert [name for name in wheel_files(wheel) if "dist-info" not in name] == ["opensvc_observer_jsonlines.py"]


def test_what_changes_is_written_once_and_in_order(service: Installed) -> None:
    file = service.folder / "root" / "log" / "changes.jsonl"
    for verb in ("start", "stop"):
        done = service.osvc(verb, "data")
        assert done.returncode == 0, done.stderr
    # What comes after the last event of a run is written with the next run.
    assert service.osvc("start", "data").returncode == 0
    assert actions(file)[:5] == [
        ("begin", "start"),
        ("end", "start"),
        ("begin", "stop"),
        ("end", "stop"),
        ("begin", "start"),
    ]
    numbers = [each["seq"] for each in lines(file)]
    assert numbers == sorted(set(numbers))
    end = next(each for each in lines(file) if each["kind"] == "end")
    assert (end["service"], end["outcome"]) == ("data", "done")
    assert end["steps"] == [{"rid": "app#0", "action": "start", "state": "done"}]


def test_node_conf_says_where_to_and_what_cannot_be_written_comes_later(service: Installed) -> None:
    elsewhere = service.folder / "elsewhere"
    elsewhere.write_text("a file where a folder is due")
    (service.folder / "root" / "etc" / "node.conf").write_text(f"[jsonlines]\nfile = {elsewhere}/out.jsonl\n")
    done = service.osvc("start", "data")
    assert done.returncode == 0, "an observer that fails changes nothing of an action"
    elsewhere.unlink()
    assert service.osvc("stop", "data").returncode == 0
    assert actions(elsewhere / "out.jsonl")[:3] == [("begin", "start"), ("end", "start"), ("begin", "stop")]


def test_a_line_that_was_cut_spoils_no_other(service: Installed) -> None:
    file = service.folder / "root" / "log" / "changes.jsonl"
    assert service.osvc("start", "data").returncode == 0
    with file.open("a") as out:
        out.write('{"seq": 9')
    assert service.osvc("stop", "data").returncode == 0
    assert '\n{"seq": 9\n{' in file.read_text()
    assert ("begin", "stop") in actions(file)
