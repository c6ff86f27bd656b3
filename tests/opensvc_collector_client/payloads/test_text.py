"""Times, cut logs, configuration without comments and secrets."""

from __future__ import annotations

import re
import xmlrpc.client
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opensvc_collector_client.payloads.redaction import HIDDEN, without_secrets
from opensvc_collector_client.payloads.text import (
    local_time,
    one_word,
    plain,
    stripped_configuration,
    trimmed,
)

VALUES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20)
SECRET_KEYWORDS = st.sampled_from(
    ["password", "db_password", "passwd", "api_key", "secret", "client_secret", "token", "auth_token", "Password2"]
)


@given(st.floats(0, 4e9))
def test_a_time_is_read_back_to_the_microsecond(at: float) -> None:
    text = local_time(at)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", text)
    read = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").timestamp()
    assert abs(read - at) < 1e-4 or abs(abs(read - at) - 3600) < 1e-4  # an hour that came twice


@given(st.text(), st.integers(2, 100))
def test_a_log_is_cut_in_its_middle_alone(log: str, longest: int) -> None:
    cut = trimmed(log, longest)
    if len(log) <= longest:
        assert cut == log
    else:
        head, mark, tail = cut.partition("\n… ")
        assert mark
        assert log.startswith(head)
        assert log.endswith(tail.partition(" characters left out …\n")[2])
        assert f"{len(log) - longest} characters left out" in cut
        assert len(cut) <= longest + 60


@given(st.text(st.characters()))
def test_whatever_is_sent_can_be_carried_by_xml(text: str) -> None:
    body = xmlrpc.client.dumps((plain(text),), "m", encoding="utf-8").encode()
    assert xmlrpc.client.loads(body)[0][0] == re.sub("\r\n?", "\n", plain(text))  # XML 1.0, 2.11: line ends


@given(st.text())
def test_one_word_is_one_word(text: str) -> None:
    assert not re.search(r"[\s'\"<>&;]", one_word(text))


@given(SECRET_KEYWORDS, VALUES, st.sampled_from(["", "@node1"]), st.sampled_from([" = ", "=", "  =\t"]))
def test_no_keyword_that_sounds_like_a_secret_is_sent_with_its_value(
    keyword: str, value: str, scope: str, equals: str
) -> None:
    assume(value not in keyword and value not in HIDDEN)
    text = f"[app#0]\n{keyword}{scope}{equals}{value}\n  {value}more\ntype = x\n"
    sent = stripped_configuration(text)
    assert value not in sent
    assert sent.splitlines()[0] == "[app#0]"
    assert sent.splitlines()[-1] == "type = x"
    assert f"{keyword}{scope}" in sent


@given(VALUES)
def test_secrets_inside_values_are_not_sent(value: str) -> None:
    assume(value not in "password token secret curl https user example net header authorization bearer options")
    for text in (
        f"start = curl --token {value} https://example.net/",
        f"start = tool --db-password={value} -v",
        f"env = DB_PASSWORD={value} x",
        f"url = https://user:{value}@example.net/path",
        f"options = password='{value} and more', ro",
        f"header = Authorization: Bearer {value}",
    ):
        assert value not in stripped_configuration(text), text


def test_private_keys_are_not_sent() -> None:
    text = "a = 1\nkey = -----BEGIN RSA PRIVATE KEY-----\n  AAAA\n  -----END RSA PRIVATE KEY-----\nb = 2\n"
    assert stripped_configuration(text) == "a = 1\nb = 2"


@given(st.lists(st.sampled_from(["# a comment", "; another", "", "   ", "[fs#1]", "dev = /dev/x", "  more", "mnt=/x"])))
def test_comments_and_blank_lines_are_not_sent_and_all_else_is(lines: list[str]) -> None:
    sent = stripped_configuration("\n".join(lines)).splitlines()
    assert sent == [line for line in lines if line.strip() and line.strip()[0] not in "#;"]


@pytest.mark.parametrize(
    "text",
    [
        "nodes = n1 n2",
        "vg = data",
        "prkey = 0x12",
        "comment = the password is in the safe",
        "monkey = 1",
        "path = /a:b@c",
    ],
)
def test_what_is_no_secret_is_sent_as_it_is(text: str) -> None:
    assert without_secrets(text) == text
    assert stripped_configuration(text) == text
