"""An answer's bytes into what a method gave back, or into the failure that they tell; pure, and safe with any bytes."""

from __future__ import annotations

import xmlrpc.client
from typing import Any, Final
from xml.parsers import expat

from opensvc_collector_client.transport.failures import NotRegistered, Refused, Unreachable

_DEEPEST: Final = 100
"""Elements inside one another; answers of collectors have less than ten."""
_TRY_AGAIN: Final = ("retry", "restart", "gateway", "timeout", "timed out", "deadlock", "unavailable", "too many")
"""Words of a fault that is about the collector's own state, not about what it was sent (agent 1.5)."""
_NOT_REGISTERED: Final = ("authentication", "not registered", "unregistered", "unknown uuid", "not authenticated")


class _Hostile(Exception):
    """An answer declares a document type, or is too deep."""


def read_answer(body: bytes) -> Any:
    """What the method gave back.

    Raises:
        Refused: a fault that tells of the record.
        NotRegistered: a fault, or a text, that says so.
        Unreachable: a fault that tells of the collector's own trouble, or no answer of XML-RPC at all.
    """
    try:
        value = _parse(body)
    except xmlrpc.client.Fault as fault:
        raise judge_fault(fault.faultCode, fault.faultString) from None
    except _Hostile as error:
        raise Unreachable(f"the answer is not to be read: {error}") from None
    except Exception as error:  # noqa: BLE001 - the parser raises whatever the bytes make it raise
        raise Unreachable(f"no answer of XML-RPC: {type(error).__name__}: {str(error)[:100]}") from None
    if isinstance(value, str) and any(word in value.lower() for word in _NOT_REGISTERED):
        raise NotRegistered(f"the collector says: {value[:200]}", hint="osvc collector register")
    return value


def judge_fault(code: object, text: object) -> Refused | NotRegistered | Unreachable:
    """The failure that a fault tells."""
    said = " ".join(str(text).split())[:200]
    lower = said.lower()
    if any(word in lower for word in _NOT_REGISTERED):
        return NotRegistered(f"the collector says: {said}", hint="osvc collector register")
    if any(word in lower for word in _TRY_AGAIN):
        return Unreachable(f"the collector says: {said}")
    return Refused(f"the collector refuses it: fault {code}: {said}")


def is_acceptance(value: object) -> bool:
    """Whether what a method that takes records gave back says that it took them.

    Collectors give back nothing, a number, or an empty text or list; anything else is no answer of theirs.
    """
    return value is None or isinstance(value, int) or value in ("", [])


def _parse(body: bytes) -> Any:
    unmarshaller = xmlrpc.client.Unmarshaller(use_builtin_types=True)
    parser = expat.ParserCreate()
    depth = 0

    def refuse(*_: object) -> None:
        message = "it declares a document type"
        raise _Hostile(message)

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            message = f"it nests more than {_DEEPEST} elements"
            raise _Hostile(message)
        unmarshaller.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        unmarshaller.end(name)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = unmarshaller.data
    unmarshaller.xml(None, None)  # type: ignore[arg-type]
    parser.Parse(body, True)
    values = unmarshaller.close()
    if unmarshaller.getmethodname() is not None or len(values) != 1:
        message = "not a response of one value"
        raise ValueError(message)
    return values[0]
