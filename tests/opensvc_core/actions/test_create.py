"""A new service: three files or none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opensvc_core.actions.create import create_service
from opensvc_core.config.catalog import is_service_linked, list_services
from opensvc_core.config.keywords import DriverInfo
from opensvc_core.config.load import load_service
from opensvc_core.errors import ActionError, ConfigError
from opensvc_core.model import Service
from opensvc_core.node import Folders, Node

TEXT = "[default]\nnodes = here\n; kept as it is\n[container#0]\ntype = kvm\n"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node("here", "Linux", Folders(tmp_path / "opensvc"))


@pytest.fixture
def svcmgr(tmp_path: Path) -> Path:
    command = tmp_path / "svcmgr"
    command.write_text("#!/bin/sh\necho $0 $*\n")
    command.chmod(0o755)
    return command


def reading(node: Node, name: str) -> Callable[[str], Service]:
    def describe(driver: str) -> DriverInfo | None:
        return None

    return lambda text: load_service(node.folders.etc / f"{name}.env", node, describe, text=text)


def create(node: Node, name: str, svcmgr: Path, text: str | None = TEXT) -> tuple[Path, ...]:
    return create_service(node, name, text, reading(node, name), svcmgr=svcmgr)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_three_files_of_the_cookbook_are_made_in_an_empty_root(node: Node, svcmgr: Path) -> None:
    root = node.folders.root
    made = create(node, "vm188", svcmgr)
    assert made == (root / "etc/vm188.env", root / "bin/svcmgr", root / "etc/vm188", root / "etc/vm188.d")
    assert tree(root) == {"bin", "bin/svcmgr", "etc", "etc/vm188", "etc/vm188.d", "etc/vm188.env"}
    assert (root / "etc/vm188.env").read_text() == TEXT
    assert (root / "etc/vm188").readlink() == Path("../bin/svcmgr")
    assert is_service_linked(root / "etc", "vm188")
    assert list_services(root / "etc") == ("vm188",)
    done = subprocess.run([root / "etc/vm188", "start"], capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout == f"{root}/etc/vm188 start\n"


def test_the_files_are_readable_by_all_and_writable_by_their_owner(node: Node, svcmgr: Path) -> None:
    before = os.umask(0o077)
    try:
        create(node, "vm188", svcmgr)
    finally:
        os.umask(before)
    assert (node.folders.etc / "vm188.env").stat().st_mode & 0o777 == 0o644


def test_a_comment_in_another_encoding_is_kept_byte_for_byte(node: Node, svcmgr: Path) -> None:
    data = TEXT.encode() + b"; recette g\xe9n\xe9rale\r\n"
    create(node, "vm188", svcmgr, data.decode("utf-8", "surrogateescape"))
    assert (node.folders.etc / "vm188.env").read_bytes() == data


def test_the_installed_svcmgr_is_found(node: Node) -> None:
    create_service(node, "vm188", TEXT, reading(node, "vm188"))
    assert (node.folders.bin / "svcmgr").readlink() == Path(sys.executable).with_name("svcmgr")


def test_a_second_service_shares_bin_svcmgr(node: Node, svcmgr: Path) -> None:
    create(node, "vm1", svcmgr)
    assert create(node, "vm2", svcmgr / "nowhere") == tuple(
        node.folders.etc / each for each in ("vm2.env", "vm2", "vm2.d")
    )
    assert (node.folders.bin / "svcmgr").readlink() == svcmgr


def test_without_a_text_there_is_a_commented_template_that_loads(node: Node, svcmgr: Path) -> None:
    create(node, "vm188", svcmgr, None)
    text = (node.folders.etc / "vm188.env").read_text()
    service = reading(node, "vm188")(text)
    assert service.nodes == ("here",)
    assert [resource.driver for resource in service.resources] == ["app.launchers"]


def test_every_suggestion_of_the_template_can_be_taken(node: Node, svcmgr: Path) -> None:
    create(node, "vm188", svcmgr, None)
    lines = (node.folders.etc / "vm188.env").read_text().splitlines()
    text = "\n".join(line.removeprefix(";") if line[1:2] not in {" ", ""} else line for line in lines)
    service = reading(node, "vm188")(text)
    declared = {resource.rid for resource in service.resources if not resource.rid.startswith("sync#i")}
    assert declared == {"ip#1", "vmdg", "container#0", "app#0"}


def test_a_wrong_text_leaves_nothing_not_even_folders(node: Node, svcmgr: Path) -> None:
    with pytest.raises(ConfigError, match="unknown keyword"):
        create(node, "vm188", svcmgr, "[default]\nnope = 1\n")
    assert not node.folders.root.exists()


@pytest.mark.parametrize("name", ["node", "../x", "-x", ".x", "a b", "x.env", ""])
def test_a_name_that_no_service_can_have_is_refused(node: Node, svcmgr: Path, name: str) -> None:
    with pytest.raises(ActionError) as caught:
        create_service(node, name, TEXT, reading(node, "x"), svcmgr=svcmgr)
    assert caught.value.code == "service_name"
    assert not node.folders.root.exists()


@pytest.mark.parametrize("taken", ["vm188.env", "vm188", "vm188.d"])
def test_what_is_there_is_not_touched(node: Node, svcmgr: Path, taken: str) -> None:
    node.folders.etc.mkdir(parents=True)
    (node.folders.etc / taken).write_text("mine")
    with pytest.raises(ActionError) as caught:
        create(node, "vm188", svcmgr)
    assert caught.value.code == "service_exists"
    assert str(node.folders.etc / taken) in str(caught.value)
    assert tree(node.folders.root) == {"etc", f"etc/{taken}"}
    assert (node.folders.etc / taken).read_text() == "mine"


def test_a_dangling_link_in_the_place_of_the_file_is_not_followed(node: Node, svcmgr: Path, tmp_path: Path) -> None:
    node.folders.etc.mkdir(parents=True)
    (node.folders.etc / "vm188.env").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ActionError, match="is there already"):
        create(node, "vm188", svcmgr)
    assert not (tmp_path / "elsewhere").exists()


def test_the_launchers_of_before_and_what_a_cut_creation_left_are_kept(
    node: Node, svcmgr: Path, tmp_path: Path
) -> None:
    node.folders.etc.mkdir(parents=True)
    (tmp_path / "launchers").mkdir()
    (node.folders.etc / "vm188.d").symlink_to(tmp_path / "launchers")
    (node.folders.etc / "vm188").symlink_to("../bin/svcmgr")
    made = create(node, "vm188", svcmgr)
    assert made == (node.folders.etc / "vm188.env", node.folders.bin / "svcmgr")
    assert (node.folders.etc / "vm188.d").is_symlink()


def test_a_folder_that_everybody_can_write_is_refused(node: Node, svcmgr: Path) -> None:
    node.folders.etc.mkdir(parents=True)
    node.folders.etc.chmod(0o777)
    with pytest.raises(ActionError) as caught:
        create(node, "vm188", svcmgr)
    assert (caught.value.code, caught.value.hint) == ("unsafe_folder", f"chmod o-w {node.folders.etc}")
    assert tree(node.folders.root) == {"etc"}


def test_a_root_that_cannot_be_made_is_an_error_and_not_a_trace(node: Node, svcmgr: Path) -> None:
    node.folders.root.write_text("a file where a folder is due")
    with pytest.raises(ActionError) as caught:
        create(node, "vm188", svcmgr)
    assert caught.value.code == "create"
    assert node.folders.root.read_text() == "a file where a folder is due"


def test_no_space_for_the_file_takes_everything_away(node: Node, svcmgr: Path) -> None:
    """In a process whose files may have no bytes at all, the write fails after the links and folders were made."""
    program = """
import resource, signal, sys
from pathlib import Path
from opensvc_core.actions.create import create_service
from opensvc_core.errors import ActionError
from opensvc_core.model import Service
from opensvc_core.node import Folders, Node
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
node = Node("here", "Linux", Folders(Path(sys.argv[1])))
try:
    create_service(node, "vm188", None, lambda text: Service("vm188", Path("x")), svcmgr=Path(sys.argv[2]))
except ActionError as error:
    sys.stdout.write(f"{error.code}: {error}")
"""
    node.folders.root.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program, node.folders.root, svcmgr],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("create: service vm188 cannot be created: File too large")
    assert tree(node.folders.root) == set()


def test_of_many_that_create_one_name_one_wins_and_the_service_is_whole(node: Node, svcmgr: Path) -> None:
    def attempt(number: int) -> str:
        try:
            create(node, "vm188", svcmgr, TEXT + f"; {number}\n")
        except ActionError as error:
            return error.code
        return str(number)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))
    assert outcomes.count("service_exists") == 15
    winners = [outcome for outcome in outcomes if outcome != "service_exists"]
    assert (node.folders.etc / "vm188.env").read_text() == TEXT + f"; {winners[0]}\n"
    assert tree(node.folders.root) == {"bin", "bin/svcmgr", "etc", "etc/vm188", "etc/vm188.d", "etc/vm188.env"}


def test_many_services_are_created_side_by_side(node: Node, svcmgr: Path) -> None:
    names = [f"vm{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: create(node, name, svcmgr), names))
    assert list_services(node.folders.etc) == tuple(sorted(names))
    assert all(is_service_linked(node.folders.etc, name) for name in names)
