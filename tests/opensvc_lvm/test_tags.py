"""Which tags name a node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_lvm.tags import is_same_node, node_tags, tag_changes

NAMES = st.sampled_from(["n1", "n2", "n3", "n1.a.net", "n1.b.net", "n2.a.net", "local", "n11", "N1", "web"])


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("n1", "n1", True),
        ("n1", "N1", True),
        ("n1", "n1.a.net", True),
        ("n1.a.net", "n1.b.net", False),
        ("n1", "n11", False),
        ("n1", "n2.a.net", False),
    ],
)
def test_names_of_one_node(one: str, other: str, is_same: bool) -> None:
    assert is_same_node(one, other) is is_same
    assert is_same_node(other, one) is is_same


@given(st.sets(NAMES), NAMES, st.lists(NAMES))
def test_a_change_of_tags_touches_node_tags_only(tags: set[str], node: str, members: list[str]) -> None:
    found = node_tags(tags, node, members)
    words = tag_changes(found, node)
    result = set(tags)
    for flag, tag in zip(words[::2], words[1::2], strict=True):
        (result.add if flag == "--addtag" else result.remove)(tag)
    after = node_tags(result, node, members)
    assert node in result
    assert after.own == {node}
    assert not after.foreign
    named = {tag for tag in tags if any(is_same_node(tag, member) for member in [node, *members])}
    assert tags - named <= result
    assert tag_changes(after, node) == ()


@given(st.sets(NAMES), NAMES, st.lists(NAMES))
def test_a_tag_is_ours_or_another_nodes_or_nobodys(tags: set[str], node: str, members: list[str]) -> None:
    found = node_tags(tags, node, members)
    assert not found.own & set(found.foreign)
    assert found.own | set(found.foreign) <= tags
    assert not any(is_same_node(named, node) for named in found.foreign.values())
