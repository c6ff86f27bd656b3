"""Files of ssh: what is ours is edited, what is not stays byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.cluster import authorized_keys, key_files, known_hosts
from opensvc_core.cluster.keys import (
    KINDS,
    TrustError,
    exposed,
    make_own_key,
    parse_public_key,
    read_own_key,
)
from opensvc_core.host.local import LocalHost
from opensvc_core.node import Folders
from tests.opensvc_core.cluster.key_samples import key

ROOT = Path("/opt/opensvc")
NODES = st.sampled_from(["node1", "node2", "node10", "db.example.com"])
FOREIGN = st.lists(
    st.one_of(
        st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"")),
        st.sampled_from(
            [
                b"",
                b"# opensvc:node1",
                str(key(900)).encode() + b" root@admin",
                str(key(901)).encode() + b" opensvc:node1",
                b'from="10.0.0.1",command="echo \\"a b\\"" ' + str(key(902)).encode() + b" opensvc:node2",
                str(key(903)).encode() + b"\r",
            ]
        ),
    ),
    max_size=8,
)
KEYS = st.integers(0, 20).map(key)


@given(FOREIGN, st.booleans(), st.lists(st.tuples(NODES, KEYS, st.booleans()), max_size=12))
def test_foreign_lines_of_authorized_keys_stay_and_a_peer_has_one_line(
    foreign: list[bytes], ends: bool, steps: list[tuple[str, object, bool]]
) -> None:
    content = before = b"\n".join(foreign) + (b"\n" if ends else b"")
    wanted: dict[str, object] = {}
    for node, new, is_added in steps:
        if is_added:
            content = authorized_keys.with_peer(content, ROOT, node, new)  # type: ignore[arg-type]
            wanted[node] = new
        else:
            content = authorized_keys.without_peer(content, node)
            wanted.pop(node, None)
        assert {name: entry.key for name, entry in authorized_keys.peers(content).items()} == wanted
    for node in wanted:
        content = authorized_keys.without_peer(content, node)
    assert content in {before, before + b"\n"}


@given(FOREIGN, st.lists(st.tuples(NODES, st.lists(KEYS, max_size=3, unique=True)), max_size=8))
def test_foreign_lines_of_known_hosts_stay(foreign: list[bytes], steps: list[tuple[str, list[object]]]) -> None:
    foreign = [each for each in foreign if not known_hosts.pins(each)]
    content = before = b"\n".join(foreign)
    wanted: dict[str, tuple[object, ...]] = {}
    for node, keys in steps:
        content = known_hosts.with_pins(content, node, keys)  # type: ignore[arg-type]
        wanted[node] = tuple(keys)
        assert known_hosts.pins(content) == {name: pinned for name, pinned in wanted.items() if pinned}
    for node in wanted:
        content = known_hosts.without_pins(content, node)
    assert content in {before, before + b"\n"}


def test_the_line_of_a_peer_is_what_sshd_reads() -> None:
    line = authorized_keys.line(ROOT, "node2", key(1)).decode()
    assert line == f'restrict,command="/opt/opensvc/bin/osvc peer --from node2" {key(1)} opensvc:node2\n'
    other = authorized_keys.line(Path("/srv/x-1.2"), "node2", key(1)).decode()
    assert 'command="OSVC_ROOT=/srv/x-1.2 /srv/x-1.2/bin/osvc peer --from node2"' in other


@pytest.mark.parametrize("root", ["/a b", '/a"', "/a;b", "/$x", "/a\nb", "relative", "/", "/a/../b", "/-a"])
def test_a_root_folder_that_a_shell_would_read_is_refused(root: str) -> None:
    with pytest.raises(TrustError) as caught:
        authorized_keys.forced_command(Path(root), "node2")
    assert caught.value.code == "trust_root"


@pytest.mark.parametrize("peer", ["", "-n", "a b", 'a"', "a\nb", "a;b", "nodes", "../x", "a/b"])
def test_what_is_no_name_of_a_node_never_comes_into_the_file(peer: str) -> None:
    with pytest.raises(TrustError):
        authorized_keys.with_peer(b"", ROOT, peer, key(1))


def test_a_key_that_stands_there_a_second_time_without_limits_is_found() -> None:
    content = authorized_keys.with_peer(f"{key(1)} opensvc:node2\n".encode(), ROOT, "node2", key(1))
    assert [entry.options for entry in authorized_keys.foreign_entries(content, key(1))] == [""]
    assert authorized_keys.foreign_entries(content, key(2)) == ()


def test_changed_host_keys_are_those_of_a_pinned_kind() -> None:
    content = known_hosts.with_pins(b"", "node2", [key(1)])
    assert known_hosts.changed_keys(content, "NODE2", [key(1), key(5, "ssh-rsa")]) == ()
    assert known_hosts.changed_keys(content, "node2", [key(2)]) == ("ssh-ed25519",)
    assert known_hosts.changed_keys(content, "node3", [key(2)]) == ()


@given(st.sampled_from(KINDS), st.integers(0, 1 << 250), st.text(max_size=20).filter(lambda text: "\n" not in text))
def test_a_public_key_is_read_back(kind: str, number: int, comment: str) -> None:
    one = key(number, kind)
    if "\r" not in comment:
        assert parse_public_key(f"{one} {comment}") == one


@given(st.text(max_size=300))
def test_any_text_is_a_key_or_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"it"):
        parse_public_key(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{key(1)}\n{key(2)}",
        f"restrict {key(1)}",
        f"ssh-rsa {key(1).data}",
        f"ssh-dss {key(1, 'ssh-dss').data}",
        f"ssh-ed25519 {key(1).data}\rx",
        f"ssh-ed25519  {key(1).data}",
        f"ssh-ed25519 {key(1).data[:-4]}===",
        f"ssh-ed25519 {key(1).data[:20]}",
    ],
)
def test_what_is_no_single_plain_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it"):
        parse_public_key(text)


def test_the_key_of_a_node_is_made_once_and_closed(tmp_path: Path) -> None:
    folders, host = Folders(tmp_path), LocalHost("node1")
    with pytest.raises(TrustError) as caught:
        read_own_key(folders)
    assert caught.value.code == "key_missing"
    assert make_own_key(folders, "node1", host)
    made = read_own_key(folders)
    assert folders.ssh.stat().st_mode & 0o777 == 0o700
    assert folders.ssh_key.stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(["ssh-keygen", "-l", "-f", folders.ssh_key], capture_output=True, text=True, check=True)
    assert made.fingerprint in shown.stdout
    assert not make_own_key(folders, "node1", host)
    folders.ssh_key.with_name("id_ed25519.pub").unlink()
    assert not make_own_key(folders, "node1", host)
    assert read_own_key(folders) == made


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    make_own_key(folders, "node1", LocalHost("node1"))
    folders.ssh_key.chmod(mode)
    assert exposed(folders.ssh_key)
    with pytest.raises(TrustError) as caught:
        read_own_key(folders)
    assert caught.value.code == "key_exposed"


def test_a_file_is_replaced_whole_with_its_mode_and_through_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"a\n")
    real.chmod(0o640)
    link.symlink_to(real)
    assert key_files.edit(link, lambda content: content + b"b\n")
    assert not key_files.edit(link, lambda content: content)
    assert link.is_symlink()
    assert real.read_bytes() == b"a\nb\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert key_files.edit(tmp_path / "new", lambda _: b"c")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link", "new", "real"]
