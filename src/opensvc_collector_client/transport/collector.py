"""The collector as the sender calls it: what it has, who calls, and one call."""

from __future__ import annotations

import xmlrpc.client
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from opensvc_collector_client.transport.answers import is_acceptance, read_answer
from opensvc_collector_client.transport.failures import Refused, Unreachable
from opensvc_core.api import Deadline

if TYPE_CHECKING:
    from opensvc_collector_client.records import Call
    from opensvc_collector_client.transport.connection import Exchange
    from opensvc_core.api import Clock

LIST: Final = "system.listMethods"


@define
class Collector:
    """One collector.

    Attributes:
        exchange: carries a request and its answer.
        clock: source of time.
        limit: seconds for one call, from the name look-up to the last byte of the answer.
        caller: the pair (uuid, node), empty if this node is not registered.
    """

    exchange: Exchange
    clock: Clock
    limit: float
    caller: tuple[str, str] | tuple[()] = ()
    _methods: frozenset[str] | None = field(default=None, init=False)

    def methods(self) -> frozenset[str]:
        """What the server has, asked once; empty if it does not tell, and then it may have anything.

        Raises:
            Unreachable: no answer.
        """
        if self._methods is None:
            try:
                given = self.ask(LIST)
            except Refused:
                given = []
            if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
                text = f"{LIST}: no list of names"
                raise Unreachable(text)
            self._methods = frozenset(given)
        return self._methods

    def has(self, method: str) -> bool:
        """Whether the server has a method. Raises Unreachable."""
        return not self.methods() or method in self.methods()

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method, and give back what it gives. Raises CollectorError."""
        try:
            body = xmlrpc.client.dumps(arguments, method, encoding="utf-8", allow_none=True).encode("utf-8")
        except (TypeError, OverflowError, ValueError) as error:
            raise Refused(f"{method}: it cannot be put into words of XML-RPC: {error}") from error
        return read_answer(self.exchange.post(body, Deadline.after(self.limit, self.clock, method)))

    def send(self, call: Call) -> None:
        """Have the collector take a record.

        Raises:
            Refused: it does not take this one.
            NotRegistered: it takes none of this node.
            Unreachable: it cannot be known whether it did.
        """
        if not is_acceptance(self.ask(call.method, *call.arguments, *self._signature())):
            raise Unreachable(f"{call.method}: not an answer of a collector")

    def close(self) -> None:
        """Close the connection."""
        self.exchange.close()

    def _signature(self) -> tuple[tuple[str, str], ...]:
        return (self.caller,) if self.caller else ()
