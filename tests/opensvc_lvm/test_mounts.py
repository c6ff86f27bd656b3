"""Which groups a node lives on, from a made-up kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_lvm.protection.mounts import find_use
from tests.opensvc_lvm.kernel_tree import KernelTree, lvm_uuid

ROOT = "aaaaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa"
DATA = "bbbbbb-bbbb-bbbb-bbbb-bbbb-bbbb-bbbbbb"


@pytest.fixture
def tree(tmp_path: Path) -> KernelTree:
    made = KernelTree(tmp_path)
    made.add("8:1")
    made.add("254:0", uuid=lvm_uuid(ROOT), on=("8:1",))
    made.add("254:1", uuid=lvm_uuid(DATA))
    return made


def test_root_and_others(tree: KernelTree) -> None:
    tree.mount(root="254:0", var="254:0", srv_erp="254:1", boot="8:1")
    use = find_use(tree.kernel)
    assert use.is_root_known
    assert (use.of(ROOT), use.is_system(ROOT)) == (("/", "/var"), True)
    assert (use.of(DATA), use.is_system(DATA)) == (("/srv/erp",), False)


def test_a_system_without_lvm(tree: KernelTree) -> None:
    tree.mount(root="8:1")
    use = find_use(tree.kernel)
    assert use.is_root_known
    assert use.points == {}


def test_encryption_and_raid_are_looked_through(tree: KernelTree) -> None:
    tree.add("254:5", uuid="CRYPT-LUKS2-x-root", on=("254:0",))
    tree.add("9:0", on=("254:5", "8:1"))
    tree.mount(root="9:0")
    assert find_use(tree.kernel).of(ROOT) == ("/",)


@pytest.mark.parametrize("number", ["0:21", "8:9"])
def test_a_root_that_cannot_be_followed(tree: KernelTree, number: str) -> None:
    """An overlay, NFS or memory; a device that the kernel does not show."""
    tree.mount(root=number, var="254:0")
    use = find_use(tree.kernel)
    assert not use.is_root_known
    assert use.is_system(ROOT)


def test_a_device_that_stands_on_itself_is_not_followed_for_ever(tree: KernelTree) -> None:
    tree.add("254:7", uuid="x")
    (tree.folder / "sys/dev/block/254:7/slaves/self").symlink_to(tree.folder / "sys/dev/block/254:7")
    tree.mount(root="254:7")
    assert not find_use(tree.kernel).is_root_known


def test_no_tables_at_all(tmp_path: Path) -> None:
    assert not find_use(KernelTree(tmp_path).kernel).is_root_known
