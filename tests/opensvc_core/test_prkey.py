"""The key of a node: made once, bound to the node and the machine, readable by its owner alone."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.boot_record import BootRecord
from opensvc_core.errors import ReservationError
from opensvc_core.node import Folders, Node
from opensvc_core.prkey import forget_key, format_key, key_file, own_key, parse_key, peer_keys


def make_node(tmp_path: Path, name: str = "n1", **prkeys: str) -> Node:
    return Node(name, "Linux", Folders(tmp_path), {"prkeys": prkeys})


def bits(*numbers: int) -> object:
    queue = list(numbers)
    return lambda count: queue.pop(0)


def test_a_key_is_made_once_and_is_not_zero(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    assert own_key(node, bits(0, 0, 0xABC), "m1") == 0xABC  # type: ignore[arg-type]
    assert own_key(node, bits(0xDEF), "m1") == 0xABC  # type: ignore[arg-type]
    assert key_file(node).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["prkey"]


@pytest.mark.parametrize(("name", "machine"), [("n2", "m1"), ("n1", "m2")])
def test_a_key_of_another_node_or_machine_is_refused(tmp_path: Path, name: str, machine: str) -> None:
    own_key(make_node(tmp_path), bits(0xABC), "m1")  # type: ignore[arg-type]
    with pytest.raises(ReservationError, match="clone") as caught:
        own_key(make_node(tmp_path, name), bits(0xDEF), machine)  # type: ignore[arg-type]
    assert caught.value.code == "cloned"
    assert "osvc node prkey --new" in caught.value.hint


def test_a_peer_with_the_same_key_is_refused_leading_zeros_or_not(tmp_path: Path) -> None:
    node = make_node(tmp_path, n2="0x000abc")
    with pytest.raises(ReservationError, match="n2 has the same reservation key 0xabc"):
        own_key(node, bits(0xABC), "m1")  # type: ignore[arg-type]


def test_peers_keys_come_from_node_conf_and_rubbish_is_passed_over(tmp_path: Path) -> None:
    node = make_node(tmp_path, n1="0x1", n2="0x2", n3="rubbish", n4="0", n5="f" * 17)
    assert peer_keys(node) == {"n2": 2}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"key": "0"}', '{"key": "zz"}', '{"key": 5}'])
def test_a_broken_key_file_is_an_error_and_is_not_overwritten(tmp_path: Path, text: str) -> None:
    node = make_node(tmp_path)
    key_file(node).parent.mkdir()
    key_file(node).write_text(text)
    with pytest.raises(ReservationError, match="cannot be used"):
        own_key(node, bits(1), "m1")  # type: ignore[arg-type]
    assert key_file(node).read_text() == text


def test_a_key_that_is_forgotten_is_kept_aside(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    own_key(node, bits(0xABC), "m1")  # type: ignore[arg-type]
    forget_key(node)
    assert own_key(node, bits(0xDEF), "m1") == 0xDEF  # type: ignore[arg-type]
    assert json.loads((tmp_path / "var/prkey.old").read_text())["key"] == "0xabc"


def test_of_many_that_make_a_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    node = make_node(tmp_path)
    keys: list[int] = []
    gate = threading.Barrier(8)

    def make(number: int) -> None:
        gate.wait()
        keys.append(own_key(node, lambda count: number, "m1"))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(keys)) == 1


@given(st.integers(1, (1 << 64) - 1), st.integers(0, 5))
def test_keys_are_compared_without_leading_zeros(key: int, zeros: int) -> None:
    assert parse_key(format_key(key)) == key
    if key.bit_length() <= 40:
        assert parse_key(f"0x{'0' * zeros}{key:x}") == key


def test_a_record_holds_for_one_boot(tmp_path: Path) -> None:
    record = BootRecord(tmp_path / "var" / "r.json", "b1")
    assert not record.has("a")
    record.add(["a", "b"])
    record.remove(["b"])
    assert (record.has("a"), record.has("b")) == (True, False)
    later = BootRecord(record.path, "b2")
    assert not later.has("a")
    later.add(["c"])
    assert not BootRecord(record.path, "b1").has("a")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"names": 5, "boot_id": "b1"}'])
def test_a_broken_record_counts_as_empty(tmp_path: Path, text: str) -> None:
    record = BootRecord(tmp_path / "r.json", "b1")
    record.path.write_text(text)
    assert not record.has("a")
    record.add(["a"])
    assert record.has("a")
