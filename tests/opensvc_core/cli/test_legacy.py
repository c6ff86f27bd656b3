"""The commands of 2010: who is meant by a link, what each verb means, and what is not there yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.actions.preflight import PERMIT_CODES
from opensvc_core.cli import verbs
from opensvc_core.cli.failure import UsageError
from opensvc_core.cli.legacy import NODE_VERBS, NOT_YET, link_of, run_nodemgr, run_svcmgr, run_svcmon
from opensvc_core.cli.legacy_verbs import FORCE_PERMITS, part_of
from opensvc_core.errors import NotYet


def test_a_link_in_etc_names_service_and_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    link = tmp_path / "etc" / "vm188"
    link.symlink_to("../bin/svcmgr")
    assert link_of(str(link)) == (tmp_path, "vm188")
    monkeypatch.chdir(tmp_path / "etc")
    assert link_of("./vm188") == (tmp_path, "vm188")


@pytest.mark.parametrize("place", ["bin/svcmgr", "etc/plain"])
def test_any_other_call_names_none(place: str, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir()
    path.touch()
    assert link_of(str(path)) == (None, "")


@pytest.mark.parametrize(
    ("verb", "meaning"),
    [
        ("startapp", ("start", ("app",))),
        ("stopapp", ("stop", ("app",))),
        ("startcontainer", ("start", ("container",))),
        ("stopip", ("stop", ("ip",))),
        ("startdisk", ("start", ("disk",))),
        ("mount", ("start", ("disk", "fs"))),
        ("umount", ("stop", ("disk", "fs"))),
    ],
)
def test_a_verb_for_a_part_is_an_action_on_columns(verb: str, meaning: tuple[str, tuple[str, ...]]) -> None:
    assert part_of(verb) == meaning


@pytest.mark.parametrize("verb", ["startle", "stopgap", "starts", "bogus", "start-"])
def test_an_unknown_verb_is_refused_before_anything_else(verb: str) -> None:
    with pytest.raises(UsageError):
        part_of(verb)


@pytest.mark.parametrize("verb", [*NOT_YET, "edit-config", "print-schedule"])
def test_verbs_of_later_versions_say_so(verb: str) -> None:
    with pytest.raises(NotYet) as caught:
        run_svcmgr("svcmgr", ["-s", "vm188", verb])
    assert int(caught.value.exit_status) == 10


@pytest.mark.parametrize("verb", NODE_VERBS)
def test_verbs_of_the_node_are_not_there_yet(verb: str) -> None:
    with pytest.raises(NotYet):
        run_nodemgr([verb])


@pytest.mark.parametrize(
    "call",
    [
        lambda: run_svcmon(["--updatedb"]),
        lambda: run_nodemgr(["pushasset"]),
        lambda: run_nodemgr(["register"]),
        lambda: run_svcmgr("svcmgr", ["-s", "vm188", "push"]),
    ],
)
def test_without_the_client_it_is_said_what_to_install(
    call: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "others", list)
    with pytest.raises(NotYet, match="nothing installed here") as caught:
        call()
    assert caught.value.hint == "pip install opensvc-collector-client"


@pytest.mark.parametrize("words", [["start"], ["-s", "", "start"], ["--bogus", "start"], []])
def test_a_call_that_makes_no_sense_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError):
        run_svcmgr("svcmgr", words)


def test_force_lifts_only_what_may_be_lifted_and_the_page_says_what() -> None:
    assert set(FORCE_PERMITS) <= set(PERMIT_CODES)
    page = (Path(__file__).parents[3] / "docs" / "reference" / "cli.md").read_text()
    for code in FORCE_PERMITS:
        assert f"`{code}`" in page


def test_a_switch_wants_to_know_where_to() -> None:
    with pytest.raises(UsageError, match="where to"):
        run_svcmgr("svcmgr", ["-s", "vm188", "switch"])


MOVES = [["switch", "--to", "node110"], ["migrate", "--to", "node110"], ["takeover"], ["giveback"]]


@pytest.mark.parametrize("words", MOVES)
def test_the_moves_of_2010_are_there(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def move(agent: object, verb: str, names: object, to: str, *rest: object) -> int:
        asked.append((verb, to))
        return 0

    monkeypatch.setattr("opensvc_core.cli.moving.move_services", move)
    monkeypatch.setenv("OSVC_ROOT", str(tmp_path))
    assert run_svcmgr("svcmgr", ["-s", "vm188", *words]) == 0
    assert asked == [(words[0], words[-1] if "--to" in words else "")]
