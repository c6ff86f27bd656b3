"""Jobs that other distributions add: scheduled as others, and one that is broken takes no other with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.actions.jobs import NodeJob, list_jobs
from opensvc_core.cli.added_jobs import GROUP, added_jobs
from opensvc_core.errors import ConfigError
from opensvc_core.node import Folders, Node
from tests.examples.third_party import ThirdParty

SOURCE = """
    from opensvc_core.api import NodeJob

    def list_jobs(node):
        return [NodeJob("acme", ("acme", node.name), "@1d", "acme", "schedule", off=node.setting("acme", "off"))]

    def sick(node):
        raise RuntimeError("no licence")
    """


def node_of(folder: Path, **settings: str) -> Node:
    return Node("n1", "Linux", Folders(folder), {"acme": settings})


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    ThirdParty("acme-jobs", {"acme": "list_jobs", "sick": "sick", "gone": "gone"}, SOURCE, group=GROUP).unpack(site)
    monkeypatch.syspath_prepend(site)
    return tmp_path


def test_those_that_can_be_listed_are_and_the_others_are_told(acme: Path) -> None:
    jobs, broken = added_jobs(node_of(acme))
    assert NodeJob("acme", ("acme", "n1"), "@1d", "acme", "schedule") in jobs
    assert {name: "acme_jobs" in str(error) for name, error in broken.items()} == {"sick": True, "gone": True}
    assert "no licence" in str(broken["sick"])


@pytest.mark.parametrize(
    ("settings", "schedule", "source"),
    [({}, "@1440", "default"), ({"schedule": "12:00-13:00"}, "12:00-13:00", "[acme] schedule in node.conf")],
)
def test_their_schedule_may_be_set(settings: dict[str, str], schedule: str, source: str, tmp_path: Path) -> None:
    added = [NodeJob("acme", ("acme",), "@1d", "acme", "schedule")]
    (job,) = list_jobs(node_of(tmp_path, **settings), (), (), added)
    assert (job.name, job.argv, job.source) == ("acme", ("acme",), source)
    assert str(job.schedule).removeprefix("*") == schedule
    assert job.next_run("n1", 1.0, None) is not None


def test_one_that_is_off_never_runs(tmp_path: Path) -> None:
    added = [NodeJob("acme", ("acme",), "@1d", "acme", "schedule", off="no licence")]
    (job,) = list_jobs(node_of(tmp_path), (), (), added)
    assert (job.off, job.next_run("n1", 1.0, None)) == ("no licence", None)


def test_a_schedule_that_is_wrong_is_told(tmp_path: Path) -> None:
    added = [NodeJob("acme", ("acme",), "@1d", "acme", "schedule")]
    with pytest.raises(ConfigError, match=r"\[acme\] schedule"):
        list_jobs(node_of(tmp_path, schedule="sometimes"), (), (), added)
