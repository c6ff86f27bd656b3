"""A broken driver fails the resources that name it, says what is wrong and whose it is, and spoils nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.broken import BAD_COMPANIONS, BROKEN, LIARS, NONE_FROM_START, UNUSABLE, Broken
from tests.examples.installed import Installed
from tests.wheels.distributions import Environment

pytestmark = pytest.mark.wheels


def by_type(broken: Broken) -> str:
    return broken.type


def service(broken: Broken) -> str:
    """A service with a good resource and one of a broken driver, which starts after it."""
    return (
        "[default]\nnodes = node1\n"
        "[loop#1]\nfile = /srv/good.img\n"
        f"[disk#1]\ntype = {broken.type}\nstart_requires = loop#1\n"
    )


GOOD = "[default]\nnodes = node1\n[loop#1]\nfile = /srv/other.img\n"


@pytest.fixture
def with_both(crowded_node: Installed) -> Installed:
    crowded_node.write_service("good", GOOD)
    return crowded_node


def told(node: Installed) -> dict[str, dict[str, Any]]:
    """What `osvc status` says of every resource of every service."""
    done = node.osvc("status", "--format", "json")
    assert done.returncode == 0, done.stderr
    return {
        f"{name}/{rid}": resource
        for name, each in json.loads(done.stdout)["services"].items()
        for rid, resource in each["resources"].items()
    }


def check_told(broken: Broken, text: str) -> None:
    assert broken.id in text
    assert broken.said in text
    assert not broken.names_distribution or broken.distribution.name in text


def imported(environment: Environment) -> set[str]:
    """Modules of the broken distributions that were ever imported there."""
    (site,) = (environment.folder / "lib").glob("python*/site-packages")
    return {path.stem for path in site.glob("*.imported")}


def forget_imports(environment: Environment) -> None:
    (site,) = (environment.folder / "lib").glob("python*/site-packages")
    for path in site.glob("*.imported"):
        path.unlink()


@pytest.mark.parametrize("broken", UNUSABLE, ids=by_type)
def test_an_unusable_driver_is_undef_and_its_service_is_not_started(with_both: Installed, broken: Broken) -> None:
    with_both.write_service("bad", service(broken))
    resources = told(with_both)
    assert {name: each["status"] for name, each in resources.items()} == {
        "bad/loop#1": "down",
        "bad/disk#1": "undef",
        "good/loop#1": "down",
    }
    check_told(broken, " ".join(note["text"] for note in resources["bad/disk#1"]["notes"]))

    refused = with_both.osvc("start", "bad")
    assert refused.returncode == 4
    check_told(broken, refused.stderr)
    assert "Traceback" not in refused.stderr
    assert list(with_both.devices.iterdir()) == []

    assert with_both.osvc("start", "good").returncode == 0
    assert told(with_both)["good/loop#1"]["status"] == "up"


@pytest.mark.parametrize("broken", LIARS, ids=by_type)
def test_a_driver_that_answers_nonsense_spoils_its_own_answer_only(with_both: Installed, broken: Broken) -> None:
    with_both.write_service("bad", service(broken))
    resources = told(with_both)
    assert {name: each["status"] for name, each in resources.items()} == {
        "bad/loop#1": "down",
        "bad/disk#1": "undef",
        "good/loop#1": "down",
    }
    check_told(broken, " ".join(note["text"] for note in resources["bad/disk#1"]["notes"]))


def test_none_from_start_fails_the_step_and_what_came_before_is_taken_back(with_both: Installed) -> None:
    with_both.write_service("bad", service(NONE_FROM_START))
    failed = with_both.osvc("start", "bad")
    assert failed.returncode == 1
    check_told(NONE_FROM_START, failed.stderr)
    (run,) = json.loads(with_both.osvc("log", "bad", "--format", "json").stdout)["runs"]
    assert run["outcome"] == "failed"
    assert list(with_both.devices.iterdir()) == [], "the good resource had been brought up, and is down again"
    assert told(with_both)["bad/loop#1"]["status"] == "down"


def test_companions_that_are_none_fail_that_resource_only(with_both: Installed) -> None:
    with_both.write_service("bad", service(BAD_COMPANIONS))
    resources = told(with_both)
    assert resources["good/loop#1"]["status"] == "down"
    assert resources["bad/loop#1"]["status"] == "down"
    assert resources["bad/disk#1"]["status"] == "undef"
    check_told(BAD_COMPANIONS, " ".join(note["text"] for note in resources["bad/disk#1"]["notes"]))
    assert with_both.osvc("start", "bad").returncode == 4


def test_listing_drivers_imports_none_of_them(crowded_node: Installed) -> None:
    forget_imports(crowded_node.environment)
    listed = crowded_node.osvc("driver", "list", "--format", "json")
    ids = {each["id"] for each in json.loads(listed.stdout)["drivers"]}
    assert ids >= {"disk.loop", *(each.id for each in BROKEN)}
    assert imported(crowded_node.environment) == set()
    # What proves it: the same modules do leave their mark once they are imported.
    crowded_node.osvc("driver", "check")
    assert imported(crowded_node.environment) >= {each.distribution.module for each in LIARS}


def test_only_what_a_service_names_is_imported(with_both: Installed) -> None:
    with_both.write_service("bad", service(NONE_FROM_START))
    forget_imports(with_both.environment)
    with_both.osvc("status", "good", "--format", "json")
    assert imported(with_both.environment) == set()
    with_both.osvc("status", "--format", "json")
    assert imported(with_both.environment) == {NONE_FROM_START.distribution.module}


def test_check_reports_each_that_cannot_be_used_and_no_other(crowded_node: Installed) -> None:
    checked = crowded_node.osvc("driver", "check", "--format", "json")
    assert checked.returncode == 9
    problems = {each["id"]: each["problem"] for each in json.loads(checked.stdout)["drivers"] if each["problem"]}
    assert set(problems) == {each.id for each in UNUSABLE}
    for broken in UNUSABLE:
        check_told(broken, problems[broken.id])
    assert crowded_node.osvc("driver", "check").returncode == 9


def test_help_needs_no_driver(crowded_node: Installed, tmp_path: Path) -> None:
    forget_imports(crowded_node.environment)
    assert crowded_node.osvc("--help").returncode == 0
    assert imported(crowded_node.environment) == set()
