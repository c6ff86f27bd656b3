"""Secrets that are known by name and form: none of a listed form is sent, and plain output is sent as it is."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opensvc_collector_client.payloads.redaction import BEHIND, HIDDEN, JOINED, LOGIN, SEPARATE, without_secrets

# A value that stands nowhere else in the text around it: two digits at least, as in no word there.
PLAIN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20).map("{}97".format)
# What commands are handed: with blanks, quotes and signs of shells, and no end of a line.
ANY = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=6, max_size=20).map(lambda t: f"9{t}7")

FORMS = (
    "password={}",
    "passwd: {}",
    "Password : {}",
    'the answer was {{"user": "a", "api_key": "{}"}}',
    "PGPASSWORD={} pg_dump",
    "MYSQL_PWD={}",
    "SSHPASS={}",
    "userPassword={}",
    "clientSecret: {}",
    "--token {} --verbose",
    "--db-password={} -v",
    "connect to postgres://user:{}@db/erp failed",
    "redis://:{}@cache:6379/0",
    "fatal: https://{}@git.example.net/x.git: not found",
    "Authorization: Basic {}",
    "> Proxy-Authorization: Bearer {}",
    "Set-Cookie: session={}; Path=/",
    "X-Vault-Token: {}",
    "it was refused: Bearer {}",
    "CREATE USER a IDENTIFIED BY '{}'",
    'ALTER USER a IDENTIFIED WITH mysql_native_password BY "{}"',
    "ALTER ROLE a PASSWORD '{}'",
)
COMMANDS = (
    *([command, "-u", "root", f"{option}{{}}", "erp"] for command, options in JOINED.items() for option in options),
    *([f"/usr/bin/{command}", "-x", option, "{}"] for command, options in SEPARATE.items() for option in options),
    *([command, f"{option}{{}}"] for command, options in SEPARATE.items() for option in options),
    *([c, option, f"user{between}{{}}", "x"] for c, (options, between) in BEHIND.items() for option in options),
    *([c, f"{option}=user{between}{{}}"] for c, (options, between) in BEHIND.items() for option in options[1::2]),
    ["tool", "--password={}", "x"],
    ["tool", "--password", "{}", "x"],
    ["env", "API_KEY={}", "tool"],
    ["sh", "-c", "mysql -p'{}' erp"],
)


@given(PLAIN)
def test_no_secret_of_a_listed_form_is_left(secret: str) -> None:
    for form in FORMS:
        assert secret not in without_secrets(form.format(secret)), form
    for command in sorted(LOGIN):
        assert secret not in without_secrets(f"{command} -s scott/{secret}@ORCL"), command


@given(ANY)
def test_no_secret_of_a_command_is_left_whatever_it_consists_of(secret: str) -> None:
    for words in COMMANDS[:-1]:
        line = f"n1: {shlex.join(word.replace('{}', secret) for word in words)}: exit status 1"
        told = without_secrets(line)
        assert secret not in told, line
        assert shlex.quote(secret).strip("'") not in told, line


@given(PLAIN)
def test_no_secret_of_a_command_within_a_command_is_left(secret: str) -> None:
    for inner in (f"mysql -p{secret} erp", f"true && sshpass -p {secret} ssh a", f"SET PASSWORD '{secret}'"):
        assert secret not in without_secrets(shlex.join(["sh", "-c", inner])), inner


@given(st.sampled_from(FORMS), st.sampled_from(FORMS), PLAIN, PLAIN)
def test_each_of_several_is_hidden_and_what_stands_around_is_kept(one: str, two: str, a: str, b: str) -> None:
    assume(a != b)
    told = without_secrets(f"first line\n{one.format(a)}\nbetween\n{two.format(b)}\nlast line")
    assert a not in told
    assert b not in told
    assert told.count(HIDDEN) >= 2
    for line in ("first line", "between", "last line"):
        assert line in told.splitlines()


@given(st.sampled_from(FORMS), PLAIN)
def test_what_is_hidden_stays_as_it_is(form: str, secret: str) -> None:
    told = without_secrets(form.format(secret))
    assert without_secrets(told) == told


PLAIN_LINES = (
    "mkdir -p/srv/erp", "ssh -p22 n2 true", "ps -pfoo", "lvcreate -p r -n data erp", "tar -xpf a.tar",
    "n1: touch /srv/erp/x: exit status 0", "mysqld: ready for connections on port 3306", "curl -u user http://n1/",
    "mysql -u root -p erp", "mysql --port=3306 -P 3306", "ssh://root@n2/srv", "mail to admin@example.net", "10:22@n1",
    "the bearer of news", "the password is in the safe", "no token was given", "sqlplus / as sysdba @/opt/x.sql",
    "http://n1:8080/a@b", "done: touched", "error: no such volume: erp/data", "key = 0x12", "net is up",
    "mount -o rw,noatime /dev/erp/data /srv", "passed: 12", "compass = north", "rsync -a --password-file=/etc/x a b",
)  # fmt: skip


@pytest.mark.parametrize("line", PLAIN_LINES[:-1])
def test_plain_output_is_sent_as_it_is(line: str) -> None:
    assert without_secrets(line) == line


@given(st.lists(st.sampled_from([word for line in PLAIN_LINES[:-1] for word in (line, "\n")]), max_size=6))
def test_plain_lines_together_are_sent_as_they_are(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert without_secrets(text) == text


@given(st.text(st.characters(categories=["L", "Z"]), max_size=200))
def test_words_alone_are_sent_as_they_are(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "part", ["a", "a_", "-p", "mysql ", "'", '"', "password", "a:", "http://", "bearer ", "x-a", "\\"]
)
def test_a_long_text_takes_no_long_time(part: str) -> None:
    began = time.process_time()
    without_secrets(part * (20_000 // len(part)))
    assert time.process_time() - began < 5.0
