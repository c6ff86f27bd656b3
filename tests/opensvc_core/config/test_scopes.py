"""Which value counts on which node."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.opensvc_core.config.files import load, make_node, problems_of

HEAD = "[default]\nnodes = a b\ndrpnodes = c b\n[container#0]\ntype = kvm\n"


def name_on(node: str, lines: str) -> str:
    return load(HEAD + lines, make_node(node)).resource("container#0").text("name")


@pytest.mark.parametrize(
    ("node", "name"), [("a", "of a"), ("b", "of nodes"), ("c", "of drpnodes"), ("d", "of all"), ("A", "of a")]
)
def test_the_most_specific_scope_wins_wherever_it_stands(node: str, name: str) -> None:
    lines = "name@a = of a\nname@drpnodes = of drpnodes\nname@nodes = of nodes\nname = of all\n"
    assert name_on(node, lines) == name


def test_of_one_rank_the_last_wins() -> None:
    assert name_on("b", "name@nodes = 1\nname@drpnodes = 2\n") == "2"
    assert name_on("b", "name@drpnodes = 2\nname@nodes = 1\n") == "1"


def test_a_scope_of_elsewhere_leaves_the_default() -> None:
    assert name_on("a", "name@c = x\n") == "svc1"


def test_an_alias_is_the_same_keyword_under_another_scope() -> None:
    assert name_on("a", "vm_name@a = x\nname = y\n") == "x"


def test_the_type_and_the_switches_of_a_resource_have_scopes_too() -> None:
    text = "[default]\nnodes = a b\n[fs#1]\ntype@b = fs.own\ndev = x\nmnt = /x\ndisable@b = true\n"
    assert [load(text, make_node(node)).resource("fs#1").driver for node in "ab"] == ["fs.mount", "fs.own"]
    assert [load(text, make_node(node)).resource("fs#1").is_disabled for node in "ab"] == [False, True]


SCOPES = st.lists(st.sampled_from(["", "@a", "@b", "@c", "@nodes", "@drpnodes"]), unique=True)


@given(SCOPES, st.sampled_from("abc"))
def test_every_choice_follows_the_rule(scopes: list[str], node: str) -> None:
    lines = "".join(f"name{scope} = v{number}\n" for number, scope in enumerate(scopes))
    assert not problems_of(HEAD + lines, make_node(node))
    groups = {"a": {"@nodes"}, "b": {"@nodes", "@drpnodes"}, "c": {"@drpnodes"}}[node]
    expected = "svc1"
    for rank in ({""}, groups, {f"@{node}"}):
        for number, scope in enumerate(scopes):
            if scope in rank:
                expected = f"v{number}"
    assert name_on(node, lines) == expected
