"""What hpvmstatus and hpvmdevmgmt print: samples after the vendor notes (none was captured), cut and garbled."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_drivers_hpvm.parse import Backing, Guest, parse_backings, parse_guests
from opensvc_drivers_hpvm.parse_sharing import format_share_file, parse_share_file, parse_sharing
from tests.opensvc_drivers_hpvm.samples import DEVICES, SHARING, guest_line

LISTING = guest_line("vm188", "On", "Manual") + guest_line("vm089", "Off", "Auto", "4;20;100", "6144MB;x")


def test_a_listing() -> None:
    listing = parse_guests(LISTING)
    assert listing.guests == {
        "vm188": Guest("vm188", "On", "Manual", 2, 2 << 30),
        "vm089": Guest("vm089", "Off", "Auto", 4, 6144 << 20),
    }
    assert listing.is_understood
    assert not listing.is_empty


def test_a_node_without_guests_says_so_in_words() -> None:
    listing = parse_guests("No vPars or VMs currently configured\n")
    assert (listing.is_empty, listing.is_understood) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "No vPars or VMs\n",
        LISTING[:-1],
        LISTING + "vm1:x\n",
        LISTING + LISTING,
        "\x1b[H\n" + LISTING,
        "hpvmstatus: Unable to communicate\n" + LISTING,
    ],
)
def test_what_is_not_understood_as_a_whole_is_said(text: str) -> None:
    listing = parse_guests(text)
    assert not listing.is_understood
    assert not listing.is_empty


def test_facts_that_cannot_be_read_are_unknown() -> None:
    (guest,) = parse_guests(guest_line("vm1", "Off", "Manual", "many", "a lot")).guests.values()
    assert (guest.vcpus, guest.memory) == (None, None)


@given(st.integers(min_value=0, max_value=len(LISTING)))
def test_every_cut_gives_what_the_whole_says_or_nothing(at: int) -> None:
    listing = parse_guests(LISTING[:at])
    whole = parse_guests(LISTING).guests
    assert all(whole[name] == guest for name, guest in listing.guests.items())


@given(st.text(alphabet=string.printable, max_size=400))
def test_garbage_never_holds_a_guest_that_was_not_named(text: str) -> None:
    listing = parse_guests(text)
    assert all(name in text for name in listing.guests)


def test_the_storage_of_a_guest() -> None:
    assert parse_backings(DEVICES) == (
        Backing("disk", "/dev/rdisk/disk18", True, "0,0,0"),
        Backing("lv", "/dev/vg188/rlvol1", True, "0,1,0"),
        Backing("file", "/hpvm/vm188/disk", True, "0,2,0"),
        Backing("null", "/hpvm/iso", False, "0,3,0"),
        Backing("dvd", "/dev/rdsk/c0t0d0", False, "0,4,0"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        DEVICES[:-1],
        DEVICES + "disk:avio_stor:0,9,0:cloud:/x\n",
        DEVICES + "disk:avio_stor:0,9,0:disk:\n",
        DEVICES + "disk:avio_stor\n",
    ],
)
def test_storage_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hpvmstatus -d"):
        parse_backings(text)


def test_a_guest_without_storage() -> None:
    assert parse_backings("network:avio_lan:0,1:vswitch:vs_PROD\n") == ()


def test_who_may_share_a_device() -> None:
    assert parse_sharing(SHARING) == {
        "/dev/rdisk/disk18": True,
        "/dev/rdsk/c4t0d1": True,
        "/dev/rdisk/disk19": False,
        "/dev/rdisk/disk20": None,
        "/dev/rdisk/disk21": None,
    }


@pytest.mark.parametrize("text", [SHARING[:-1], "garbage\n"])
def test_sharing_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hpvmdevmgmt"):
        parse_sharing(text)


@given(st.integers(min_value=0, max_value=len(SHARING)))
def test_a_cut_never_turns_no_into_yes(at: int) -> None:
    try:
        found = parse_sharing(SHARING[:at])
    except ValueError:
        return
    whole = parse_sharing(SHARING)
    assert all(whole[path] == is_shared for path, is_shared in found.items())


@given(st.dictionaries(st.from_regex(r"/dev/rdisk/disk[0-9]{1,4}", fullmatch=True), st.booleans(), max_size=5))
def test_the_share_file_is_read_as_it_was_written(sharing: dict[str, bool]) -> None:
    assert parse_share_file(format_share_file(sharing)) == sharing


@pytest.mark.parametrize("text", ["/dev/rdisk/disk18:YES", "/dev/rdisk/disk18:MAYBE\n", "disk18:YES\n", "x\n"])
def test_a_share_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse_share_file(text)
