"""The output of ``xl`` and ``xm``: samples written after the vendor notes (no Xen ran here), cut, garbled, made up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Status
from opensvc_drivers_xen.parse import is_unknown, parse_disks, parse_listing, said
from opensvc_drivers_xen.states import guest_state

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
LISTING = (
    HEADER
    + "Domain-0                                     0  2048     4     r-----     512.3\n"
    + "vm1                                          1   512     1     -b----       0.0\n"
    + "a-name-that-is-longer-than-forty-characters-by-some    12  1024     2     --p---       7.5\n"
)
VERBOSE = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)   UUID"
    "                            Reason-Code\tSecurity Label\n"
    "Domain-0                                     0  2048     4     r-----     512.3 "
    "00000000-0000-0000-0000-000000000000        -                -\n"
    "vm1                                          1   512     1     -b----       0.0 "
    "6d766d31-0000-4000-8000-000000000001        -                -\n"
)
XM = (
    "Name                                        ID Mem(MiB) VCPUs State   Time(s)\n"
    "Domain-0                                     0     2048     4 r-----    512.3\n"
    "running                                      3      512     1 -b----      1.0\n"
    "kept                                               512     1              0.0\n"
    "kept2                                              512     1 ------       0.0\n"
)


def test_a_list_is_read() -> None:
    listing = parse_listing(LISTING)
    assert listing.is_sound
    assert {name: row and (row.domid, row.memory, row.vcpus, row.letters) for name, row in listing.rows.items()} == {
        "Domain-0": (0, 2048, 4, "r-----"),
        "vm1": (1, 512, 1, "-b----"),
        "a-name-that-is-longer-than-forty-characters-by-some": (12, 1024, 2, "--p---"),
    }


def test_a_verbose_list_says_the_same() -> None:
    listing = parse_listing(VERBOSE)
    assert listing.is_sound
    assert listing.rows["vm1"] == parse_listing(LISTING).rows["vm1"]


def test_domains_that_xm_keeps_have_no_id() -> None:
    listing = parse_listing(XM)
    assert listing.is_sound
    assert {name: row.domid for name, row in listing.rows.items() if row} == {
        "Domain-0": 0,
        "running": 3,
        "kept": None,
        "kept2": None,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xl: something else\n",
        HEADER,
        LISTING.replace("Domain-0", "Dominion"),
        LISTING.replace("-b----", "-b---"),
        LISTING + "half a row\n",
        LISTING + "(null)                                       9     0     1     -b----       0.1\n",
        LISTING[:-1],
    ],
    ids=["nothing", "other", "no rows", "no domain 0", "short letters", "half a row", "nameless", "cut"],
)
def test_what_is_not_a_whole_list_is_not_sound(text: str) -> None:
    assert not parse_listing(text).is_sound


def test_a_dying_domain_may_have_lost_its_name() -> None:
    row = "(null)                                       9     0     1     ----cd       0.1\n"
    listing = parse_listing(LISTING + row)
    assert listing.is_sound
    assert "(null)" not in listing.rows


def test_a_name_that_two_domains_have_is_nobodys() -> None:
    again = LISTING + "vm1                                         13   512     1     r-----       0.0\n"
    assert parse_listing(again).rows["vm1"] is None


@given(st.integers(0, len(LISTING) - 1))
def test_a_cut_is_seen_but_at_the_end_of_a_line(at: int) -> None:
    listing = parse_listing(LISTING[:at])
    whole = parse_listing(LISTING).rows
    assert all(whole.get(name) == row for name, row in listing.rows.items())
    if listing.is_sound:
        assert LISTING[:at].endswith("\n")


@given(st.text(alphabet=st.sampled_from(list("rbpsd-cSw vm1 0123\n\tNameIDState.")), max_size=200))
def test_garbage_is_no_sound_list_of_nothing(text: str) -> None:
    listing = parse_listing(text)
    assert not listing.is_sound or "Domain-0" in listing.rows


@pytest.mark.parametrize(
    ("letters", "status", "is_passing", "word"),
    [
        ("r-----", Status.UP, False, ""),
        ("-b----", Status.UP, False, ""),
        ("------", Status.UP, False, ""),
        ("--p---", Status.WARN, False, "xl unpause vm1"),
        ("-bp---", Status.WARN, False, "paused"),
        ("---s--", Status.WARN, True, "not destroyed yet"),
        ("---sr-", Status.WARN, True, "rebooting"),
        ("---ss-", Status.WARN, True, "suspended"),
        ("---sc-", Status.WARN, False, "crashed"),
        ("---sw-", Status.WARN, False, "watchdog"),
        ("----c-", Status.WARN, False, "crashed"),
        ("---ssd", Status.WARN, True, "dying"),
        ("-----d", Status.WARN, True, "dying"),
    ],
)
def test_letters(letters: str, status: Status, is_passing: bool, word: str) -> None:
    state = guest_state(letters, "vm1", "xl")
    assert (state.status, state.is_passing) == (status, is_passing)
    assert word in state.reason


@given(st.text(max_size=8))
def test_letters_that_are_not_known_are_undef_and_no_letters_are_down(letters: str) -> None:
    assert guest_state(letters, "vm1", "xl").status is not Status.DOWN


@pytest.mark.parametrize("letters", ["R-----", "r----x", "running", "", "-----", "r-----d", "\u217b-----"])
def test_unknown_variants_are_undef(letters: str) -> None:
    assert guest_state(letters, "vm1", "xl").status is Status.UNDEF


@pytest.mark.parametrize(
    "text",
    [
        "vm1 is an invalid domain identifier (rc=-6)\n",
        "vm1 is an invalid domain identifier (rc=-21)\n",
        "vm1 is an invalid domain identifier\n",
        "Error: Domain 'vm1' does not exist.\nUsage: xm list [options] [Domain, ...]\n",
    ],
)
def test_the_words_for_an_unknown_domain_by_version(text: str) -> None:
    assert is_unknown(text, "vm1")
    assert not is_unknown(text, "vm2")


@pytest.mark.parametrize(
    "text",
    [
        "vm1 is an invalid domain identifier (rc=-3)\n",
        "vm1 is no domain\n",
        "libxl: error: cannot open libxc handle: Permission denied\n",
        "",
    ],
)
def test_other_words_are_no_unknown_domain(text: str) -> None:
    assert not is_unknown(text, "vm1")


def test_what_is_said_when_all_is_well_is_left_out() -> None:
    assert said("Parsing config from /etc/xen/vm1.cfg\nfailed to free memory for the domain\n") == (
        "failed to free memory for the domain"
    )
    assert said("Parsing config from /etc/xen/vm1.cfg\n") == "Parsing config from /etc/xen/vm1.cfg"


def test_disks_of_a_running_domain() -> None:
    disk = {"pdev_path": "/dev/vg/data", "vdev": "xvdb", "readwrite": 1}
    document = [{"domid": 1, "config": {"c_info": {"name": "vm1"}, "disks": [disk]}}]
    assert parse_disks(json.dumps(document)) == [disk]
    assert parse_disks(json.dumps(document[0])) == [disk]
    assert parse_disks(json.dumps([{"domid": 1, "config": {}}])) == []


DOCUMENTS = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["config", "disks", "domid"]), inner),
)


@given(DOCUMENTS)
def test_another_shape_tells_no_disks(document: object) -> None:
    found = parse_disks(json.dumps(document))
    assert found is None or all(isinstance(disk, dict) for disk in found)
    assert parse_disks(json.dumps(document)[:-1] + "~") is None
