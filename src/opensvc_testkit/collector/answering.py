"""The answer to one call: checked, kept, and put into the words of XML-RPC."""

from __future__ import annotations

import uuid
import xmlrpc.client
from collections.abc import Sequence
from typing import Any

from attrs import define

from opensvc_testkit.collector.checking import Checked, check_call
from opensvc_testkit.collector.methods import METHODS
from opensvc_testkit.collector.record import Record

NO_METHOD = 1
"""Code of the fault for a method that is not there."""
VIOLATION = 2
"""Code of the fault for a call that the tables do not allow."""
NOT_REGISTERED = 3
"""Code of the fault for who is not registered."""


@define
class Answering:
    """Answers calls.

    Attributes:
        record: where they are kept.
        needs_auth: whether who does not say who it is is refused; who says it wrongly always is.
    """

    record: Record
    needs_auth: bool = False

    def answer(self, name: str, arguments: Sequence[Any], refused: frozenset[str], *, registered: bool) -> bytes:
        """Keep a call and answer it.

        Args:
            name: of the method.
            arguments: of the call.
            refused: methods that are not there.
            registered: False to know nobody.
        """
        if name == "system.listMethods":
            return reply(sorted(set(METHODS) - refused))
        if name in refused or name not in METHODS:
            if name not in refused:
                self.record.keep(name, arguments, check_call(name, arguments))
            return fault(NO_METHOD, f'method "{name}" is not supported')
        checked = check_call(name, arguments)
        if why := self._stranger(checked, registered=registered):
            return fault(NOT_REGISTERED, why)
        self.record.keep(name, arguments, checked)
        if checked.violations:
            return fault(VIOLATION, "; ".join(checked.violations[:5]))
        if name == "register_node":
            return self._register(checked.words[0])
        return reply("")

    def _stranger(self, checked: Checked, *, registered: bool) -> str:
        if checked.method is None or checked.method.is_open:
            return ""
        if not registered or (self.needs_auth and not checked.auth):
            return "agent is not registered"
        if checked.auth and self.record.uuid(checked.auth[1]) != checked.auth[0]:
            return f"agent {checked.auth[1]} is not registered with this uuid"
        return ""

    def _register(self, node: str) -> bytes:
        given = str(uuid.uuid4())
        # Whoever has lost the uuid of a node asks the collector's administrator; the answer is a list with a text.
        return reply(given if self.record.register(node, given) else [f"{node} is already registered"])


def reply(value: Any) -> bytes:
    """The answer that gives a value."""
    return xmlrpc.client.dumps((value,), methodresponse=True, encoding="utf-8").encode()


def fault(code: int, text: str) -> bytes:
    """The answer that refuses."""
    return xmlrpc.client.dumps(xmlrpc.client.Fault(code, text), methodresponse=True, encoding="utf-8").encode()
