"""What services may be called, and what the cookbook advises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.config.names import advise_service_name, is_node_name, refuse_service_name


@pytest.mark.parametrize("name", ["gieprdtransco01", "unxdevweb01.mydomain.com", "vm188", "A_b-c+d", "9", "Été"])
def test_names_of_the_cookbook_and_their_like_can_be_had(name: str) -> None:
    assert refuse_service_name(name) == ""


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "-x", ".hidden", "a/b", "a b", "a\n", "a\x1b", "a*", "a,b", "a#1", "node", "Node", "x.env", "x.d",
     "node.conf", "x" * 201, "\udce9"],
)  # fmt: skip
def test_names_that_would_be_something_else_cannot(name: str) -> None:
    assert refuse_service_name(name)


@given(st.text(max_size=20))
def test_a_name_that_is_taken_makes_one_visible_file(name: str) -> None:
    if not refuse_service_name(name):
        assert name.isprintable()
        assert not set(name) & set("/*?[]{}$`'\"\\;&|<>()!~ ")
        assert name[0] not in "-._"


@pytest.mark.parametrize("name", ["gieprdtransco01", "infraprddns01", "unxdevweb01.mydomain.com"])
def test_the_guidelines_are_followed_by_their_own_examples(name: str) -> None:
    assert advise_service_name(name) == ""


@pytest.mark.parametrize("name", ["vm188", "Gieprdtransco01", "averylongnameofaservice", "gie_prd_web"])
def test_the_guidelines_are_advice_on_the_rest(name: str) -> None:
    assert "8 to 15" in advise_service_name(name)
    assert refuse_service_name(name) == ""


@pytest.mark.parametrize(("name", "right"), [("node109", True), ("a.b-c", True), ("nodes", False), ("-x", False),
                                             ("a,b", False), ("DRPnodes", False), ("", False)])  # fmt: skip
def test_names_of_nodes(name: str, right: bool) -> None:
    assert is_node_name(name) is right
