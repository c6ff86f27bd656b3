"""virsh's output as captured from libvirt 9.0.0 (Debian 12, LC_ALL=C), cut, garbled and made up."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_drivers_kvm.parse import errors_of, is_unknown_domain, parse_domain, parse_listing
from opensvc_drivers_kvm.states import DomainState

LISTING = """\
Domain: 'e'
  state.state=5
  state.reason=0

Domain: 'b'
  state.state=3
  state.reason=1

Domain: 'it's me'
  state.state=1
  state.reason=1

qemu:///system

e
it's me

qemu:///system

"""

DOMAIN = """\
Domain: 'a'
  state.state=1
  state.reason=1

Id:             5
Name:           a
UUID:           fc7059e0-4023-445b-ad21-1d5ba956faf5
OS Type:        hvm
State:          running
CPU(s):         1
CPU time:       0.3s
Max memory:     32768 KiB
Used memory:    32768 KiB
Persistent:     yes
Autostart:      {autostart}
Managed save:   no
Security model: none
Security DOI:   0
Messages:       tainted: running with undesirable elevated privileges

<domain type='qemu'>
  <name>a</name>
  <description>Autostart:      enable</description>
</domain>

"""


def test_a_listing() -> None:
    listing = parse_listing(LISTING)
    assert listing.states == {"e": DomainState(5), "b": DomainState(3, 1), "it's me": DomainState(1, 1)}
    assert listing.autostarted == {"e", "it's me"}
    assert listing.is_complete


def test_an_empty_libvirt_is_a_complete_listing() -> None:
    assert parse_listing("qemu:///system\n\n\n\nqemu:///system\n\n").is_complete


@pytest.mark.parametrize(
    "text",
    [
        "",
        "qemu:///system\n",
        "Segmentation fault\n",
        LISTING.replace("  state.state=3\n", "garbage\n"),
        LISTING + "and more\n",
        LISTING.replace("\n\nqemu:///system\n\n", "\n", 1),
    ],
)
def test_what_is_not_whole_is_not_complete(text: str) -> None:
    assert not parse_listing(text).is_complete


@given(st.integers(0, len(LISTING)))
def test_no_cut_listing_is_complete_or_says_what_the_whole_does_not(length: int) -> None:
    whole, cut = parse_listing(LISTING), parse_listing(LISTING[:length])
    if LISTING[length:].strip():
        assert not cut.is_complete
    for name, state in cut.states.items():
        assert state is None or whole.states[name] == state


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    parse_domain(text)
    errors_of(text)
    assert not parse_listing(f"{text}\nwhat is this").is_complete


NAMES = st.text(st.sampled_from(string.ascii_letters + string.digits + "'._-:+ é\u2028"), min_size=1).filter(
    lambda name: name.strip() == name
)


@given(st.dictionaries(NAMES, st.tuples(st.integers(0, 99), st.integers(0, 99))), st.sets(NAMES))
def test_a_listing_gives_back_what_was_printed(domains: dict[str, tuple[int, int]], started: set[str]) -> None:
    blocks = "\n".join(
        f"Domain: '{name}'\n  state.state={state}\n  state.reason={reason}\n"
        for name, (state, reason) in domains.items()
    )
    names = "\n".join(started)
    listing = parse_listing(f"{blocks}\nqemu:///system\n\n{names}\n\nqemu:///system\n\n")
    assert listing.is_complete
    assert listing.autostarted == started
    assert listing.states == {name: DomainState(*pair) for name, pair in domains.items()}


@pytest.mark.parametrize("line", ["  state.state=", "  state.state=running", "  state.state=-1", "  state.state=٣"])
def test_a_state_that_is_no_number_is_not_told(line: str) -> None:
    text = f"Domain: 'a'\n{line}\n  state.reason=0\n\nqemu:///system\n\n\nqemu:///system\n"
    assert parse_listing(text).states == {"a": None}
    assert parse_domain(f"Domain: 'a'\n{line}\n  state.reason=0\n\n").state is None


def test_a_domain_without_state_is_not_told() -> None:
    assert parse_listing("Domain: 'a'\n\nqemu:///system\n\n\nqemu:///system\n").states == {"a": None}


@pytest.mark.parametrize(("word", "is_on"), [("enable", True), ("disable", False)])
def test_one_domain(word: str, is_on: bool) -> None:
    answer = parse_domain(DOMAIN.format(autostart=word))
    assert (answer.name, answer.state, answer.is_autostarted) == ("a", DomainState(1, 1), is_on)
    assert answer.definition.startswith("<domain type='qemu'>")
    assert answer.definition.endswith("</domain>")


def test_one_domain_without_the_rest() -> None:
    answer = parse_domain("Domain: 'a'\n  state.state=5\n  state.reason=1\n\n")
    assert (answer.name, answer.state) == ("a", DomainState(5, 1))
    assert (answer.is_autostarted, answer.definition) == (None, "")


@given(st.integers(0, len(DOMAIN)))
def test_a_cut_answer_has_no_other_state_and_no_half_definition(length: int) -> None:
    answer = parse_domain(DOMAIN[:length])
    assert answer.state in {None, DomainState(1, 1)}
    assert answer.definition == "" or answer.definition.endswith("</domain>")


def test_errors_are_told_on_one_line() -> None:
    stderr = (
        "2026-01-01 00:00:00.000+0000: 12: info : libvirt version: 9.0.0\n"
        "error: Failed to start domain 'vm1'\nerror: internal error: no memory\n"
    )
    assert errors_of(stderr) == "Failed to start domain 'vm1': internal error: no memory"
    assert errors_of("warning: x\n") == ""


@pytest.mark.parametrize(
    ("stderr", "is_unknown"),
    [
        ("error: failed to get domain 'nosuch'\n", True),
        ("error: Domain not found: no domain with matching name 'nosuch'\n", True),
        ("error: failed to connect to the hypervisor\n", False),
    ],
)
def test_an_unknown_domain(stderr: str, is_unknown: bool) -> None:
    assert is_unknown_domain(stderr) is is_unknown


FIXTURES = Path(__file__).parents[1] / "fixtures/libvirt"


def test_the_states_of_real_guests() -> None:
    states = parse_listing((FIXTURES / "domstats-state.txt").read_text()).states
    assert states["running"] == DomainState(1, 1)
    assert states["paused"] == DomainState(3, 1)
    assert states["off-crashed"] == DomainState(5, 3)
    assert states["crashed"] == DomainState(6, 1)
    assert states["pmsuspended"] == DomainState(7, 0)
    assert None not in states.values()


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.txt")), ids=lambda path: path.stem)
def test_no_real_output_of_another_command_passes_for_a_listing(path: Path) -> None:
    assert not parse_listing(path.read_text()).is_complete


@pytest.mark.parametrize("name", ["libvirtd-stopped", "libvirtd-killed", "no-permission"])
def test_real_errors(name: str) -> None:
    text = errors_of((FIXTURES / f"{name}.stderr.txt").read_text())
    assert text.startswith("failed to connect to the hypervisor: Failed to connect socket to")
