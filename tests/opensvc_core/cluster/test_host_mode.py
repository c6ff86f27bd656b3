"""The mode of a node: its file, and the whole table of what it forbids."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Vetoed
from opensvc_core.cluster.host_mode import (
    WORDS,
    HostMode,
    is_recovery_for,
    mode_file,
    parse_host_mode,
    read_host_mode,
    refuse_push,
    refuse_start,
    refuse_trust,
    write_host_mode,
)
from opensvc_core.errors import ConfigError
from opensvc_core.model import Service
from opensvc_core.node import Folders
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service

TYPES = st.sampled_from([*WORDS, ""])
MODES = st.sampled_from([*HostMode, None])
PRD = HostMode.PRD


@given(TYPES, MODES, st.booleans())
def test_a_node_starts_what_its_mode_allows(service_type: str, mode: HostMode | None, is_drpnode: bool) -> None:
    veto = refuse_start(service_type, mode, is_drpnode=is_drpnode)
    forbidden = (mode is PRD and service_type != "PRD") or (
        mode not in {PRD, None} and service_type == "PRD" and not is_drpnode
    )
    assert (veto is not None) == forbidden
    if veto is not None:
        assert veto.code == "host_mode"
        assert not veto.is_liftable
        assert veto.reason.partition(":")[0] in {
            "a PRD node starts only PRD services",
            "a PRD service starts on a node that is not PRD only for disaster recovery",
        }


@given(TYPES, MODES, MODES, st.booleans())
def test_data_goes_where_the_modes_allow(
    service_type: str, source: HostMode | None, target: HostMode | None, is_drpnode: bool
) -> None:
    veto = refuse_push(service_type, source, target, source_is_drpnode=is_drpnode)
    rules = {
        "never syncs to anybody": is_drpnode,
        "never syncs out": service_type == "PRD" and source not in {PRD, None},
        "receives nothing": target is None,
        "only PRD nodes push": target is PRD and source is not PRD,
    }
    assert (veto is not None) == any(rules.values())
    if veto is not None:
        assert [broken for rule, broken in rules.items() if rule in veto.reason] == [True]


@given(MODES, MODES, st.booleans())
def test_a_production_node_trusts_production_nodes_alone(
    mode: HostMode | None, peer: HostMode | None, is_drpnode: bool
) -> None:
    veto = refuse_trust(mode, peer, peer_is_drpnode=is_drpnode)
    assert (veto is not None) == (is_drpnode or (mode is PRD and peer is not PRD))


def test_a_recovery_node_is_one_of_a_service_that_this_node_runs_in_production() -> None:
    service = Service("svc", Path("svc.env"), nodes=("n1", "N2"), drpnodes=("n3",))
    assert is_recovery_for("n1", "N3", [service])
    assert is_recovery_for("n2", "n3", [service])
    assert not is_recovery_for("n3", "n1", [service])
    assert not is_recovery_for("n1", "n2", [service])
    assert not is_recovery_for("n4", "n3", [service])


@given(st.sampled_from(HostMode), st.sampled_from(["", "\n", " \n", "\nPRD\n", " DEV"]))
def test_the_first_word_counts(mode: HostMode, rest: str) -> None:
    assert parse_host_mode(f"{mode.value}{rest}") is mode


@given(st.text())
def test_any_text_is_a_mode_or_a_reason(text: str) -> None:
    first = text.split(maxsplit=1)[:1]
    if first and first[0] in WORDS and "#" not in text:
        assert parse_host_mode(text).value == first[0]
    else:
        with pytest.raises(ValueError, match=r"."):
            parse_host_mode(text)


@pytest.mark.parametrize("text", ["", "prd", "PRD # production", "# PRD", "PROD"])
def test_what_is_no_mode_is_an_error_that_names_the_file_and_the_words(text: str, tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.var.mkdir()
    mode_file(folders).write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_host_mode(folders)
    assert str(mode_file(folders)) in caught.value.message
    assert "PRD, DEV, TMP, TST" in caught.value.message


def test_it_is_written_and_read_back(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    assert read_host_mode(folders) is None
    for mode in HostMode:
        write_host_mode(folders, mode)
        assert read_host_mode(folders) is mode


def test_it_forbids_a_start_and_never_a_stop(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    service = agent.load("svc")
    agent.run(agent.plan("start", [service]))
    write_host_mode(agent.node.folders, PRD)
    agent.run(agent.plan("stop", [service]))
    with pytest.raises(Vetoed) as caught:
        agent.run(agent.plan("start", [service]), permits={"host_mode"})
    assert [veto.code for veto in caught.value.vetoes] == ["host_mode"]
    write_host_mode(agent.node.folders, HostMode.DEV)
    agent.run(agent.plan("start", [service]))
    mode_file(agent.node.folders).write_text("# production\n")
    agent.run(agent.plan("stop", [service]))
    with pytest.raises(Vetoed, match="comment"):
        agent.run(agent.plan("start", [service]))
