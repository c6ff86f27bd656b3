"""Replication between nodes in one process, with the real rsync: what is sent, what is refused, what a cut leaves."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import define

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.execute import RunOptions
from opensvc_core.actions.replications import plan_replications
from opensvc_core.actions.send_replications import run_replications
from opensvc_core.actions.transferring import transferring
from opensvc_core.cli.manner import Manner
from opensvc_core.cli.options import Format
from opensvc_core.cli.syncing import diff_config, discard_copy, show_replications
from opensvc_core.cluster.tickets import TicketRefused, redeem
from opensvc_core.errors import ActionError, JournalError, Locked, OpenSVCError, Vetoed
from opensvc_core.events import Event, EventKind
from opensvc_core.generation import (
    NEVER,
    Order,
    compare,
    data_file,
    digest_of,
    discard_config,
    discard_data,
    generation_out,
    read_data,
)
from opensvc_core.model import Status
from opensvc_core.plan import Selection
from opensvc_core.run import Run, RunOutcome
from tests.opensvc_core.actions.files_platform import open_files_agent
from tests.opensvc_core.cluster.loopback import Cluster, LoopbackPeers
from tests.opensvc_core.world import have_program

pytestmark = pytest.mark.skipif(not have_program("rsync"), reason="rsync is not installed")

NODES = ("n1", "n2", "d1")
TEXT = """[default]
nodes = n1 n2
drpnodes = d1
service_type = PRD
[container#0]
type = file
[sync#1]
src = {data}/here/
src@n1 = {data}/n1/
src@n2 = {data}/n2/
dst = {data}/d1
dst@n1 = {data}/n1
dst@n2 = {data}/n2
exclude = *.tmp
target = nodes drpnodes
"""


@define
class Site(Cluster):
    """A cluster whose nodes have a folder of data each: the same machine, so each has its own path."""

    def open(self, node: str) -> Agent:
        old = self.agents.get(node)
        if old is not None:
            old.peers.close()
        mode = self.folder / node / "var/host_mode"
        if not mode.exists():
            mode.parent.mkdir(exist_ok=True)
            mode.write_text("DEV\n" if node == "d1" else "PRD\n")
        settings = {"limits": {"late_start": "300ms"}, "sync": {"roots": str(self.folder / "data")}}
        peers = LoopbackPeers(self, node)
        self.agents[node] = open_files_agent(self.folder / node, node, peers=peers, settings=settings)
        return self.agents[node]

    def data(self, node: str) -> Path:
        return self.folder / "data" / node

    def files(self, node: str) -> dict[str, str]:
        """What is in a node's folder of data, by path."""
        ground = self.data(node)
        return {str(p.relative_to(ground)): p.read_text() for p in sorted(ground.rglob("*")) if p.is_file()}

    def start(self, node: str, *permits: str) -> Run:
        return self._run(node, "start", frozenset(permits))

    def stop(self, node: str) -> Run:
        return self._run(node, "stop", frozenset())

    def _run(self, node: str, action: str, permits: frozenset[str]) -> Run:
        agent = self.open(node)
        try:
            return agent.run(agent.plan(action, [agent.load("svc")]), permits=permits)
        finally:
            agent.peers.close()

    def sync(self, node: str, word: str = "all", *rids: str, is_forced: bool = True) -> Run:
        agent = self.open(node)
        services = [agent.load("svc")]
        plan = plan_replications(agent, word, services, Selection(rids), is_forced=is_forced)
        return run_replications(agent, plan, RunOptions())

    def ask(self, sender: str, receiver: str, operation: str, **data: Any) -> dict[str, Any]:
        """What a peer's operation answers, asked by hand."""
        peers = self.open(sender).peers
        return peers.link(receiver).request(operation, data, timeout=20)

    def generation(self, node: str) -> int:
        return read_data(self.agents[node].node.folders, "svc").generation.number

    def edit(self, node: str, old: str, new: str) -> None:
        path = self.folder / node / "etc/svc.env"
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site.of(tmp_path, TEXT.format(data=tmp_path / "data"), *NODES)
    assert isinstance(site, Site)
    for node in NODES:
        site.data(node).mkdir(parents=True)
    (site.data("n1") / "page").write_text("new")
    (site.data("n1") / "sub").mkdir()
    (site.data("n1") / "sub/deep").write_text("deep")
    (site.data("n1") / "cache.tmp").write_text("left out")
    return site


def states(run: Run) -> dict[str, str]:
    return {result.step.id: result.state.value for result in run.results}


def text_of(run: Run, step: str) -> str:
    return run.result(step).text


def test_data_go_to_every_target_with_their_generation(site: Site) -> None:
    (site.data("d1") / "stale").write_text("gone at the source")
    site.start("n1")
    run = site.sync("n1", "all", "sync#1")
    assert states(run) == {"sync svc/sync#1 to n2": "done", "sync svc/sync#1 to d1": "done"}
    assert run.outcomes == {"svc": RunOutcome.DONE}
    for node in ("n2", "d1"):
        assert site.files(node) == {"page": "new", "sub/deep": "deep"}
        assert read_data(site.agents[node].node.folders, "svc").incomplete == {}
        assert site.generation(node) == site.generation("n1") == 1


def test_how_far_a_transfer_is_can_be_watched(site: Site) -> None:
    (site.data("n1") / "big").write_bytes(b"x" * 3_000_000)
    site.edit("n1", "target =", "bwlimit = 1000\ntarget =")
    site.start("n1")
    agent = site.open("n1")
    events: list[Event] = []
    plan = plan_replications(agent, "drp", [agent.load("svc")], Selection(("sync#1",)))
    run_replications(agent, plan, RunOptions(on_event=events.append))
    told = [event for event in events if event.kind is EventKind.STEP_PROGRESS]
    assert all(event.step == "sync svc/sync#1 to d1" for event in told)
    percents = [int(event.text.partition(" %")[0]) for event in told]
    assert len(set(percents)) > 1
    assert percents == sorted(percents)


def test_statuses_follow_from_what_was_sent(site: Site) -> None:
    def status(node: str) -> Status:
        agent = site.open(node)
        found = agent.status([agent.load("svc")])["svc"].resources
        return {item.resource.rid: item.shown for item in found}["sync#1"]

    assert status("n2") is status("d1") is Status.WARN
    site.start("n1")
    assert status("n1") is Status.DOWN
    site.sync("n1")
    assert {node: status(node) for node in NODES} == {"n1": Status.UP, "n2": Status.UP, "d1": Status.UP}
    site.stop("n1")
    site.start("d1")
    assert status("d1") is Status.NA


def test_what_was_sent_a_moment_ago_is_left_alone_unless_forced(site: Site) -> None:
    site.start("n1")
    assert len(site.sync("n1", "drp", "sync#1", is_forced=False).results) == 1
    again = site.sync("n1", "drp", "sync#1", is_forced=False)
    assert again.results == ()
    assert again.outcomes == {"svc": RunOutcome.DONE}
    assert [note.code for note in again.notes] == ["sync_fresh"]
    assert len(site.sync("n1", "drp", "sync#1").results) == 1


def test_one_target_that_fails_keeps_no_other_from_its_copy(site: Site) -> None:
    site.start("n1")
    site.silent.add("n2")
    run = site.sync("n1", "all", "sync#1")
    assert states(run) == {"sync svc/sync#1 to n2": "failed", "sync svc/sync#1 to d1": "done"}
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert int(run.exit_status) == 1
    assert site.agents["n1"].history("svc")[0].outcome == "failed"


def test_an_optional_one_fails_no_run_and_a_disabled_one_is_not_sent(site: Site) -> None:
    site.start("n1")
    site.edit("n1", "[sync#1]", "[sync#1]\noptional = true")
    site.silent.add("n2")
    run = site.sync("n1", "nodes", "sync#1")
    assert (states(run), run.outcomes) == ({"sync svc/sync#1 to n2": "failed"}, {"svc": RunOutcome.DONE})
    site.edit("n1", "optional = true", "disable = true")
    assert site.sync("n1", "all", "sync#1").results == ()


# -- the good copy -----------------------------------------------------------------------------------------------------


def test_only_the_node_that_runs_it_sends_data(site: Site) -> None:
    with pytest.raises(Vetoed, match="not verified up") as caught:
        site.sync("n2", "all", "sync#1")
    assert {veto.code for veto in caught.value.vetoes} == {"sync_not_up"}
    assert site.files("d1") == {}


def test_a_node_where_it_is_down_sends_its_files_and_leaves_data_to_the_other(site: Site) -> None:
    site.start("n1")
    run = site.sync("n2")
    assert {result.step.resource.rid for result in run.results} == {"sync#i0", "sync#i1"}
    assert "sync_passive" in {note.code for note in run.notes}
    assert site.files("d1") == {}


def test_a_disaster_recovery_node_never_sends(site: Site) -> None:
    site.start("d1")
    agent = site.open("d1")
    assert plan_replications(agent, "all", [agent.load("svc")], Selection()).ways == ()
    with pytest.raises(Vetoed, match="replicates to nobody"):
        site.sync("d1")
    with pytest.raises(ActionError, match="disaster-recovery node"):
        site.ask("d1", "n2", "receive", service="svc", rid="sync#1", is_pull=False, marks=[])


def test_a_production_service_on_another_kind_of_node_never_sends(site: Site) -> None:
    site.start("n1")
    (site.folder / "n1/var/host_mode").write_text("DEV\n")
    with pytest.raises(Vetoed, match="never replicates"):
        site.sync("n1")


@pytest.mark.parametrize(("receiver", "sender"), [("", "PRD"), ("PRD", "DEV"), ("PRD", "")])
def test_a_node_takes_nothing_against_the_policies_of_modes(site: Site, receiver: str, sender: str) -> None:
    site.edit("n1", "service_type = PRD", "service_type = DEV")
    site.edit("n2", "service_type = PRD", "service_type = DEV")
    (site.folder / "n1/var/host_mode").write_text("TMP\n")
    site.start("n1")
    mode = site.folder / "n2/var/host_mode"
    mode.write_text(f"{receiver}\n") if receiver else mode.unlink()
    agent = site.agents["n1"]
    answered = agent.peers.link("n2")
    marks = generation_out(read_data(agent.node.folders, "svc").generation)
    with pytest.raises(ActionError) as caught:
        answered.request(
            "receive",
            {"service": "svc", "rid": "sync#1", "is_pull": False, "marks": marks, "mode": sender},
            timeout=20,
        )
    assert caught.value.code == "sync_host_mode"


def test_a_node_where_it_is_up_takes_nothing(site: Site) -> None:
    site.start("n1")
    (site.folder / "n2/tmp/platform/svc.container#0").touch()
    run = site.sync("n1", "nodes", "sync#1")
    assert "not verified down on n2: container#0 is up" in text_of(run, "sync svc/sync#1 to n2")
    assert site.files("n2") == {}


def test_a_node_that_cannot_tell_takes_nothing(site: Site) -> None:
    site.start("n1")
    (site.folder / "n2/tmp/platform/svc.container#0.status").write_text('["false"]')
    run = site.sync("n1", "nodes", "sync#1")
    assert "container#0 is undef" in text_of(run, "sync svc/sync#1 to n2")
    assert site.files("n2") == {}


def test_a_copy_that_is_newer_is_not_overwritten(site: Site) -> None:
    site.start("n1")
    site.sync("n1")
    site.stop("n1")
    site.start("d1")
    (site.data("d1") / "page").write_text("written after the disaster")
    site.stop("d1")
    before = site.generation("d1")
    # By an operator's word two histories begin.
    site.start("n1", "copy_stale")
    run = site.sync("n1", "drp", "sync#1")
    assert "two histories" in text_of(run, "sync svc/sync#1 to d1")
    assert site.files("d1")["page"] == "written after the disaster"
    assert site.generation("d1") == before
    discard_data(site.agents["d1"].node.folders, "svc")
    assert site.sync("n1", "drp", "sync#1").outcomes == {"svc": RunOutcome.DONE}
    assert site.files("d1")["page"] == "new"


def test_a_copy_whose_generation_cannot_be_read_is_not_overwritten(site: Site) -> None:
    site.start("n1")
    site.sync("n1")
    data_file(site.agents["d1"].node.folders, "svc").write_text("{")
    (site.data("n1") / "page").write_text("newer")
    run = site.sync("n1", "drp", "sync#1")
    assert "cannot be told" in text_of(run, "sync svc/sync#1 to d1")
    assert site.files("d1")["page"] == "new"


def test_a_start_whose_generation_cannot_be_written_down_is_none(site: Site) -> None:
    in_the_way = site.folder / "n1/var/sync/.svc.json.new"
    in_the_way.mkdir(parents=True)
    with pytest.raises(JournalError, match="generation"):
        site.start("n1")
    assert site.up("n1") == set()
    assert site.agents["n1"].history("svc") == []
    in_the_way.rmdir()
    assert site.start("n1").outcomes == {"svc": RunOutcome.DONE}


def test_a_start_on_a_copy_that_is_behind_is_vetoed(site: Site) -> None:
    site.start("n1")
    site.sync("n1")
    site.stop("n1")
    site.start("d1")
    site.stop("d1")
    with pytest.raises(Vetoed, match="second history") as caught:
        site.start("n1")
    assert [veto.code for veto in caught.value.vetoes] == ["copy_stale"]
    site.start("n1", "copy_stale")
    folders = {node: read_data(site.agents[node].node.folders, "svc").generation for node in ("n1", "d1")}
    assert compare(folders["n1"], folders["d1"]) is Order.DIVERGED


# -- cuts and places ---------------------------------------------------------------------------------------------------


def test_what_was_cut_is_known_as_incomplete_and_resumed(site: Site) -> None:
    big = b"0123456789abcdef" * 262144
    (site.data("n1") / "big").write_bytes(big)
    site.edit("n1", "target =", "bwlimit = 1000\ntarget =")
    site.start("n1")
    (site.folder / "d1/tmp").mkdir(exist_ok=True)
    (site.folder / "d1/tmp/gate.slow").touch()
    run = site.sync("n1", "drp", "sync#1")
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert read_data(site.agents["d1"].node.folders, "svc").incomplete == {"sync#1": "n1"}
    assert site.generation("d1") == 0
    site.stop("n1")
    with pytest.raises(Vetoed, match="of two times") as caught:
        site.start("d1", "copy_stale")
    assert [veto.code for veto in caught.value.vetoes] == ["copy_incomplete"]
    site.edit("n1", "bwlimit = 1000\n", "")
    site.start("n1")
    assert site.sync("n1", "drp", "sync#1").outcomes == {"svc": RunOutcome.DONE}
    assert (site.data("d1") / "big").read_bytes() == big
    assert read_data(site.agents["d1"].node.folders, "svc").incomplete == {}
    assert not (site.data("d1") / ".osvc-partial").exists()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("dst = {data}/d1", "dst = /etc/opensvc-test", "does not lie below"),
        ("dst = {data}/d1", "dst = {data}/../d1", "does not lie below"),
        ("dst = {data}/d1", "dst = {data}", "does not lie below"),
        ("dst = {data}/d1", "dst = {data}/link/d1", "leads elsewhere"),
        ("dst = {data}/d1", "dst = {data}/d1\ndstfs = {data}/d1", "is not mounted on d1"),
        ("target = nodes drpnodes", "target = nodes", "is no target"),
        ("[sync#1]", "[sync#2]", "has no replication sync#1"),
        ("[sync#1]", "[sync#1]\ndisable = true", "is disabled on d1"),
    ],
)
def test_the_place_is_what_the_receiver_says(site: Site, old: str, new: str, says: str) -> None:
    data = site.folder / "data"
    (data / "link").symlink_to(site.folder)
    site.edit("d1", old.format(data=data), new.format(data=data))
    site.start("n1")
    run = site.sync("n1", "drp", "sync#1")
    assert says in text_of(run, "sync svc/sync#1 to d1")
    assert site.files("d1") == {}
    assert not Path("/etc/opensvc-test").exists()


def test_a_file_system_of_the_service_that_is_not_mounted_is_no_place(site: Site) -> None:
    mount_point = site.data("d1")
    site.start("n1")
    section = f"[fs#1]\ntype = mount\nmnt = {mount_point}\ndev = /dev/none\nalways_on = drpnodes\n"
    site.edit("d1", "[sync#1]", f"{section}[sync#1]")
    run = site.sync("n1", "drp", "sync#1")
    assert f"{mount_point} is not mounted on d1" in text_of(run, "sync svc/sync#1 to d1")
    assert site.files("d1") == {}


def test_an_empty_source_empties_no_copy(site: Site) -> None:
    site.start("n1")
    site.sync("n1")
    site.edit("n1", "src@n1 = {}/n1/".format(site.folder / "data"), "src@n1 = {}/missing/".format(site.folder / "data"))
    run = site.sync("n1", "drp", "sync#1")
    assert "there is no" in text_of(run, "sync svc/sync#1 to d1")
    assert site.files("d1")["page"] == "new"


def test_nothing_outside_of_the_destination_is_deleted(site: Site) -> None:
    (site.folder / "data/other").write_text("not theirs")
    (site.data("d1") / "stale").write_text("old")
    outside = site.folder / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (site.data("d1") / "away").symlink_to(outside)
    site.start("n1")
    site.sync("n1", "drp", "sync#1")
    assert site.files("d1") == {"page": "new", "sub/deep": "deep"}
    assert (site.folder / "data/other").read_text() == "not theirs"
    assert (outside / "kept").read_text() == "kept"


def test_options_that_are_not_allowed_are_a_veto(site: Site) -> None:
    site.start("n1")
    site.edit("n1", "exclude =", "options = --rsh=/bin/sh\nexclude =")
    with pytest.raises(Vetoed, match="not among the options"):
        site.sync("n1")


# -- the service's own files -------------------------------------------------------------------------------------------


def test_an_edit_goes_to_all_nodes_and_launchers_with_it(site: Site) -> None:
    etc = {node: site.folder / node / "etc" for node in NODES}
    site.edit("n1", "service_type = PRD", "service_type = PRD\napp = web")
    (etc["n1"] / "svc").symlink_to("../bin/svcmgr")
    (etc["n1"] / "svc.d").mkdir()
    (etc["n1"] / "svc.d/web").write_text("#!/bin/sh\n")
    (etc["n1"] / "svc.d/web").chmod(0o755)
    (etc["n1"] / "svc.d/S10web").symlink_to("web")
    (etc["n1"] / "svc.d/key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (etc["d1"] / "svc.d").mkdir()
    (etc["d1"] / "svc.d/S99old").write_text("old")
    run = site.sync("n1", "all", "sync#i0")
    assert run.outcomes == {"svc": RunOutcome.DONE}
    for node in ("n2", "d1"):
        assert (etc[node] / "svc.env").read_text() == (etc["n1"] / "svc.env").read_text()
        assert (etc[node] / "svc").readlink() == Path("../bin/svcmgr")
        assert (etc[node] / "svc.d/S10web").readlink() == Path("web")
        assert (etc[node] / "svc.d/web").stat().st_mode & 0o777 == 0o755
        assert sorted(path.name for path in (etc[node] / "svc.d").iterdir()) == ["S10web", "web"]
    assert (site.folder / "d1/var/sync/old/svc/etc/svc.d/S99old").read_text() == "old"
    assert "app = web" not in (site.folder / "d1/var/sync/old/svc/etc/svc.env").read_text()
    assert {note.code for result in run.results for note in result.notes} >= {"private_key"}
    again = site.sync("n1", "all", "sync#i0")
    assert set(states(again).values()) == {"unchanged"}


def test_an_older_service_file_replaces_no_newer_one(site: Site) -> None:
    site.sync("n1", "all", "sync#i0")
    site.edit("n2", "service_type = PRD", "service_type = PRD\napp = edited")
    site.edit("n2", "exclude = *.tmp\n", "")
    site.sync("n2", "nodes", "sync#i0")
    assert "app = edited" in (site.folder / "n1/etc/svc.env").read_text()
    site.edit("n1", "app = edited", "app = one")
    site.edit("n2", "app = edited", "app = two")
    run = site.sync("n1", "nodes", "sync#i0")
    assert "two histories" in text_of(run, "sync svc/sync#i0 to n2")
    assert "app = two" in (site.folder / "n2/etc/svc.env").read_text()
    discard_config(site.agents["n2"].node.folders, "svc", (site.folder / "n2/etc/svc.env").read_bytes())
    assert site.sync("n1", "nodes", "sync#i0").outcomes == {"svc": RunOutcome.DONE}
    assert "app = one" in (site.folder / "n2/etc/svc.env").read_text()


def test_what_differs_is_shown_with_what_is_newer(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.sync("n1", "all", "sync#i0")
    assert diff_config(site.open("n1"), "svc", "n2", Format.TABLE) == 0
    assert capsys.readouterr().out == ""
    site.edit("n1", "service_type = PRD", "service_type = PRD\napp = web")
    assert diff_config(site.open("n1"), "svc", "n2", Format.TABLE) == 1
    told = capsys.readouterr()
    assert "-app = web\n" in told.out
    assert "the file here is newer" in told.err
    assert diff_config(site.open("n2"), "svc", "n1", Format.TABLE) == 1
    told = capsys.readouterr()
    assert "+app = web\n" in told.out
    assert "the file on n1 is newer" in told.err
    assert diff_config(site.open("n2"), "svc", "n1", Format.JSON) == 1
    assert json.loads(capsys.readouterr().out)["order"] == "behind"


def test_a_dry_run_shows_what_goes_where_and_what_forbids_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.start("n1")
    show = partial(show_replications, word="all", names=["svc"], is_forced=False)
    assert show(site.open("n1"), selection=Selection(("sync#1",)), manner=Manner()) == 0
    assert f"sync svc/sync#1 to d1: {site.data('n1')}/ into" in capsys.readouterr().out
    assert show(site.open("n2"), selection=Selection(("sync#1",)), manner=Manner(Format.JSON)) == 4
    document = json.loads(capsys.readouterr().out)
    assert [veto["code"] for veto in document["vetoes"]] == ["sync_not_up"]
    assert site.files("n2") == site.files("d1") == {}


def test_a_copy_is_given_up_only_where_the_service_is_down(site: Site) -> None:
    site.start("n1")
    with pytest.raises(ActionError, match="not verified down"):
        discard_copy(site.open("n1"), "svc", 0, is_config=False)
    site.stop("n1")
    assert site.generation("n1") == 1
    assert discard_copy(site.open("n1"), "svc", 0, is_config=False) == 0
    assert site.generation("n1") == 0


def put(site: Site, files: list[Mapping[str, Any]], text: bytes | None = None) -> dict[str, Any]:
    """Ask d1 as n1 to put files beside a good service file."""
    good = (site.folder / "n1/etc/svc.env").read_bytes() if text is None else text
    marks = generation_out(NEVER.next("n1", digest_of(good)))
    documents = [file_document("etc", "svc.env", good), *files]
    return site.ask("n1", "d1", "put_files", service="svc", marks=marks, files=documents, is_up=True)


def file_document(place: str, path: str, content: bytes = b"x", **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    return {"place": place, "path": path, "kind": "file", "mode": 0o644, "content": encoded, "target": "", **more}


@pytest.mark.parametrize(
    "file",
    [
        file_document("etc", "other.env"),
        file_document("etc", "node.conf"),
        file_document("etc", "svc.d/../../../out"),
        file_document("etc", "svc.d/a\nb"),
        file_document("etc", "/svc.d/a"),
        file_document("etc", "svc", kind="link", target="/bin/sh"),
        file_document("etc", "svc"),
        file_document("etc", "svc.d/fifo", kind="fifo"),
        file_document("var", "host_mode"),
        file_document("var", "tickets/0"),
        file_document("var", "sync/svc.json"),
        file_document("/", "etc/cron.d/x"),
        file_document("/", "root/.ssh/authorized_keys"),
        file_document("/", "etc/passwd", kind="link", target="/tmp/x"),
        file_document("home", "x"),
        {"place": "etc"},
    ],
    ids=lambda file: f"{file['place']}:{file.get('path', '')!r}",
)
def test_only_the_files_of_the_service_are_taken_all_or_none(site: Site, file: dict[str, Any]) -> None:
    before = {path: path.read_bytes() for path in (site.folder / "d1").rglob("*") if path.is_file()}
    site.edit("n1", "service_type = PRD", "service_type = PRD\napp = web")
    with pytest.raises(ActionError) as caught:
        put(site, [file])
    assert caught.value.code in {"files_refused", "peer_garbage"}
    after = {path: path.read_bytes() for path in (site.folder / "d1").rglob("*") if path.is_file()}
    assert {path: text for path, text in after.items() if "lock" not in path.parts} == before


def test_a_service_file_that_the_receiver_cannot_use_is_refused(site: Site) -> None:
    with pytest.raises(OpenSVCError, match="unknown keyword"):
        put(site, [], b"[default]\nnodes = n1 n2\ndrpnodes = d1\nnonsense = 1\n")
    with pytest.raises(ActionError, match="no node of svc"):
        put(site, [], b"[default]\nnodes = n1 n2\n")
    with pytest.raises(ActionError, match="no production node"):
        put(site, [], b"[default]\nnodes = n2\ndrpnodes = d1 n1\n")


def test_nothing_is_put_behind_a_link(site: Site) -> None:
    (site.folder / "d1/etc/svc.d").symlink_to(site.folder / "outside")
    (site.folder / "outside").mkdir()
    with pytest.raises(ActionError, match="is a link here"):
        put(site, [file_document("etc", "svc.d/S10x")])
    assert list((site.folder / "outside").iterdir()) == []


def test_a_session_that_ends_lets_the_lock_go_and_leaves_the_word_incomplete(site: Site) -> None:
    site.start("n1")
    marks = generation_out(read_data(site.agents["n1"].node.folders, "svc").generation)
    answer = site.ask("n1", "d1", "receive", service="svc", rid="sync#1", is_pull=False, marks=marks)
    assert answer["path"] == str(site.data("d1"))
    agent = site.agents["d1"]
    plan = agent.plan("start", [agent.load("svc")])
    with pytest.raises(Locked, match="holds the lock"):
        agent.run(plan, wait=0)
    # An rsync of the peer may outlive its session: the lock is let go when that has ended too.
    begun, over = threading.Event(), threading.Event()

    def transfer() -> None:
        with transferring(agent.node.folders, "svc"):
            begun.set()
            over.wait(30)

    rsync, cut = threading.Thread(target=transfer), threading.Thread(target=site.cut, args=("d1",))
    rsync.start()
    assert begun.wait(30)
    cut.start()
    with pytest.raises(Locked, match="holds the lock"):
        agent.run(plan, wait=0.2)
    over.set()
    cut.join(30)
    rsync.join(30)
    with pytest.raises(TicketRefused):
        redeem(agent.node.folders, "n1", answer["ticket"], "receive")
    assert read_data(site.agents["d1"].node.folders, "svc").incomplete == {"sync#1": "n1"}
    site.stop("n1")
    site.start("d1", "copy_incomplete", "copy_stale")
