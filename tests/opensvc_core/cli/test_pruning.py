"""`osvc log --prune`, and what `osvc log` warns of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_core.cli.options import Format
from opensvc_core.cli.pruning import prune_journal
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service
from tests.opensvc_core.cli.test_documents import check


def test_pruning_tells_what_went_and_what_is_amiss(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path, settings={"node": {"journal_size": "10KB"}})
    agent.run(agent.plan("start", [agent.load("svc")]))
    feed = agent.feed
    feed.confirm("sender", "begin", 0, feed.journal_id())
    assert prune_journal(agent, Format.JSON) == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    check("prune", document)
    assert (document["runs"], document["dropped"]) == (1, {"begin": 1})
    assert prune_journal(agent, Format.PLAIN) == 0
    told = capsys.readouterr()
    assert told.out.startswith("n1: 0 runs and 0 changes deleted")
    assert "warning: changes were dropped before they were reported, as the journal was full: 1 begin" in told.err
