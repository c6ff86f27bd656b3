"""What rsync prints, understood: how far it is, and how much it copied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.builtin.rsync_command import read_progress, rsync_argv, summary
from opensvc_core.replication import Transfer

PROGRESS = (
    "         32,768   0%    0.00kB/s    0:00:00\r     41,943,040  40%   95.32MB/s    0:00:01  (xfr#3, to-chk=2/9)\n"
)
STATISTICS = """
Number of files: 9 (reg: 7, dir: 2)
Number of deleted files: {deleted}
Number of regular files transferred: 1,205
Total file size: 104,857,600 bytes
Total transferred file size: 104,857,600 bytes
"""


def test_the_last_word_of_a_piece_counts() -> None:
    assert read_progress(PROGRESS) == "40 %, 95.32MB/s, 0:00:01 left"


@given(st.text(max_size=200))
def test_any_other_text_says_nothing_or_something_short(text: str) -> None:
    assert len(read_progress(text)) < 250


def test_statistics_in_a_line() -> None:
    assert summary(STATISTICS.format(deleted="3 (reg: 3)")) == "1,205 files, 104,857,600 bytes, 3 deleted"
    assert summary(STATISTICS.format(deleted="0")) == "1,205 files, 104,857,600 bytes"
    assert summary("rsync: something else\n") == ""


def test_the_command_line_ends_with_paths_that_no_option_can_be_made_of() -> None:
    transfer = Transfer("n2", ("ssh", "-o", "A=b"), "n2", "osvc peer receive T", "/srv/web", bandwidth=100)
    argv = rsync_argv(transfer, ["/srv/-e sh/"], excludes=["a b"])
    assert argv[-3:] == ("--", "/srv/-e sh/", "n2:ticket")
    assert "--bwlimit=100" in argv
    assert "--exclude=a b" in argv
    pull = Transfer("n2", ("ssh",), "n2", "osvc peer receive T", "/srv/web/", is_pull=True, sources=("/srv/web/",))
    assert rsync_argv(pull, pull.sources)[-3:] == ("--", "n2:/srv/web/", "/srv/web/")
    sixth = Transfer("n2", ("ssh",), "fd00::2", "osvc peer receive T", "/srv/web")
    assert rsync_argv(sixth, ["/srv/web/"])[-1] == "[fd00::2]:ticket"
