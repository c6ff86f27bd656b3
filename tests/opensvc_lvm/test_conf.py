"""Texts of LVM's configuration files with what they lack."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_lvm.protection.conf import Wanted, lacking_entries, with_tags, with_volume_list

WANTED = Wanted("n1", "n1")


@pytest.mark.parametrize(
    ("entries", "lacking"),
    [
        (None, ("@local", "@n1")),
        ((), ("@local", "@n1")),
        (("@n1",), ("@local",)),
        (("@local", "@n1", "x"), ()),
        (("@*",), ()),
    ],
)
def test_what_volume_list_lacks(entries: tuple[str, ...] | None, lacking: tuple[str, ...]) -> None:
    assert lacking_entries(WANTED, entries) == lacking


def test_a_new_file_and_one_that_has_other_things_in_it() -> None:
    assert with_volume_list("", WANTED.entries).endswith('activation {\n\tvolume_list = [ "@local", "@n1" ]\n}\n')
    text = with_volume_list('devices { dir = "/dev" }', ["@local"])
    assert text.startswith('devices { dir = "/dev" }\n\n#')
    assert text.endswith('activation {\n\tvolume_list = [ "@local" ]\n}\n')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('activation { volume_list = ["@n1"] }\n', 'activation { volume_list = [ "@n1", "@local" ] }\n'),
        ('activation/volume_list="@n1"\n', 'activation/volume_list=[ "@n1", "@local" ]\n'),
        ('activation {\n\tvolume_list = [\n\t"@n1",\n\t"rootvg/root"\n\t]\n}\n',
         'activation {\n\tvolume_list = [ "@n1", "rootvg/root", "@local" ]\n}\n'),
        ('activation {\n\tvolume_list = ["a"]\n\tvolume_list = ["b"]\n}\n',
         'activation {\n\tvolume_list = ["a"]\n\tvolume_list = [ "b", "@local" ]\n}\n'),
    ],
)  # fmt: skip
def test_a_list_that_is_there_is_completed_in_its_place(before: str, after: str) -> None:
    assert with_volume_list(before, ["@local"]) == after


@pytest.mark.parametrize(
    "text",
    [
        '# volume_list = ["a"]\n',
        'activation {\n\t# This volume_list = [ "vg1" ] is an example\n}\n',
        'activation { auto_activation_volume_list = [ "vg1" ] }\n',
        'activation { read_only_volume_list = [ "vg1" ] }\n',
    ],
)
def test_what_is_no_volume_list_stays(text: str) -> None:
    assert with_volume_list(text, ["@local"]).startswith(text)


def test_tags() -> None:
    assert "tags {\n\thosttags = 1\n\tlocal {}\n}\n" in with_tags("", WANTED)
    assert "\tn1 {}\n" in with_tags("", Wanted("n1", "other"))
    assert '\t"n1.a.net" {}\n' in with_tags("", Wanted("n1.a.net", "n1"))


ENTRY = st.from_regex(r"@?[a-z0-9/]{1,6}", fullmatch=True)


@given(st.lists(ENTRY, max_size=4), st.lists(ENTRY, min_size=1, max_size=3))
def test_every_entry_is_in_the_list_once_and_doing_it_again_changes_nothing(had: list[str], added: list[str]) -> None:
    quoted = ", ".join(f'"{entry}"' for entry in had)
    text = with_volume_list(f"activation {{ volume_list = [{quoted}] }}\n" if had else "", added)
    found = re.findall(r'"([^"]*)"', text)
    assert found == list(dict.fromkeys([*had, *added]))
    assert with_volume_list(text, added) == text
