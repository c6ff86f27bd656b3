"""The words of a peer's rsync: what ours sends passes, everything else is refused, paths are never the peer's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.builtin.rsync_command import FLAGS, refuse_options, rsync_argv
from opensvc_core.cluster.rsync_words import RsyncRefused, server_argv
from opensvc_core.replication import Transfer
from tests.opensvc_core.world import have_program

PUSH = ("--server", "-lHogDtprxe.iLsfxCIvu", "--delete-delay", "--partial-dir", ".osvc-partial", ".", "/their/word")

FORBIDDEN = [
    (),
    ("--daemon", "--config=/tmp/x", "."),
    ("--server",),
    ("--server", "--daemon", "."),
    ("--server", "--sender", *PUSH[1:]),
    (*PUSH[:2], "--sender", *PUSH[2:]),
    (*PUSH, "/another"),
    (*PUSH[:-1], "--files-from=/etc/shadow"),
    PUSH[:-1],
    *(
        ("--server", *words, ".", "/x")
        for words in [
            ("-lHogDtprxKe.iLsfxCIvu",),
            ("-lHogDtprxLe.iLsfxCIvu",),
            ("-lHogDtprxse.iLsfxCIvu",),
            ("-lHogDtprxbe.iLsfxCIvu",),
            ("-e.; rm -rf /",),
            ("-l\n--daemon",),
            ("--partial-dir", "/etc"),
            ("--partial-dir=/etc",),
            ("--partial-dir",),
            ("--log-file=/etc/cron.d/x",),
            ("--temp-dir=/etc",),
            ("--backup-dir=/etc",),
            ("--compare-dest", "/etc"),
            ("--link-dest=/etc",),
            ("--copy-links",),
            ("--keep-dirlinks",),
            ("--files-from=/etc/shadow",),
            ("--remove-source-files",),
            ("--write-devices",),
            ("--copy-devices",),
            ("--rsh=sh",),
            ("--usermap=*:0",),
            ("--chown=root:root",),
            ("--chmod=u+s",),
            ("--password-file=/etc/shadow",),
            ("--exclude-from=/etc/shadow",),
            ("--write-batch=/tmp/x",),
            ("--sockopts=x",),
            ("--iconv=utf8",),
            ("--inplace=x",),
            ("--rsync-path=sh",),
            ("--config=/tmp/x",),
            ("--timeout=1; sh",),
            ("--bwlimit=",),
            ("/etc/passwd",),
            ("..",),
            ("$(id)",),
        ]
    ),
]


@pytest.mark.parametrize("words", FORBIDDEN, ids=lambda words: " ".join(words) or "nothing")
def test_what_ours_never_sends_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(RsyncRefused):
        server_argv(words, ["/ours"], is_sender=False)


def test_the_path_is_ours_whatever_the_peer_says() -> None:
    argv = server_argv(PUSH, ["/ours"], is_sender=False)
    assert argv[:2] == ("rsync", "--server")
    assert argv[-2:] == (".", "/ours")
    assert "/their/word" not in argv


@given(st.lists(st.sampled_from([*PUSH, "--sender", "--log-file=/x", "-K", "/etc", "--partial-dir", "\n"]), max_size=9))
def test_whatever_passes_has_only_known_words(words: list[str]) -> None:
    try:
        argv = server_argv(words, ["/ours"], is_sender=False)
    except RsyncRefused:
        return
    assert set(argv[:-1]) <= {"rsync", *PUSH[:-1]}
    assert argv[-1] == "/ours"


@pytest.mark.skipif(not have_program("rsync"), reason="rsync is not installed")
@pytest.mark.parametrize("is_pull", [False, True])
@pytest.mark.parametrize("options", [(), tuple(sorted(FLAGS)), ("--max-size=10M", "--timeout=20", "--block-size=4096")])
def test_what_the_real_rsync_sends_for_ours_passes(tmp_path: Path, *, is_pull: bool, options: tuple[str, ...]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    shell = tmp_path / "shell"
    shell.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/argv\nexit 1\n")
    shell.chmod(0o755)
    transfer = Transfer("n2", (str(shell), "-o", "A=it's b"), "n2", "osvc peer receive T1", "/their/word", 99, is_pull)
    assert refuse_options(options) == ""
    for is_relative in (False, True):
        argv = rsync_argv(transfer, [f"{source}/"], options=options, excludes=["*.tmp"], is_relative=is_relative)
        subprocess.run(argv, capture_output=True, timeout=30, check=False)
        told = (tmp_path / "argv").read_text().splitlines()
        assert told[:4] == ["-o", "A=it's b", "n2", "osvc peer receive T1"]
        sent = server_argv(told[4:], ["/ours"], is_sender=is_pull)
        assert sent[-1] == "/ours"
        assert ("--sender" in sent) is is_pull


@pytest.mark.parametrize(
    "option",
    [
        "--rsh=sh",
        "-e",
        "--rsync-path=x",
        "--delete",
        "--remove-source-files",
        "--files-from=/x",
        "--exclude=a\n--rsh=sh",
        "",
    ],
)
def test_options_of_a_service_file_that_do_more_are_refused(option: str) -> None:
    assert refuse_options(["--acls", option])
