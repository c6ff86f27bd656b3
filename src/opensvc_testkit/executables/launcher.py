"""The start of every simulated executable: record the call, let a fault strike, run the simulator."""

from __future__ import annotations

import os
import time

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import NOT_SIMULATED, Answer, Call, HangsError, NotSimulatedError, write_all
from opensvc_testkit.executables.commands import module_of
from opensvc_testkit.executables.store import NoWorldError, Store, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from opensvc_testkit.executables.shapes import Fault, World

GARBAGE = "\x00\ufffd\x1b[2J%s%n Domain: '\n  state.state=\n]]>{\"\u00e9"
"""What the ``garbage`` fault prints unless told otherwise."""


def main(name: str, words: list[str], folder: str, node: str = "", platform: str = "") -> NoReturn:
    """Run one call and exit with its status, without the interpreter's own clearing up (2 ms)."""
    store = Store(os.environ.get("OSVC_SIMULATED") or folder)
    call = Call(name, words, os.environ.get("OSVC_NODE") or node or os.uname().nodename, store, platform)
    try:
        status = _run(call)
    except NoWorldError as error:
        write_all(2, f"simulated {name}: {error}\n")
        status = NOT_SIMULATED
    except KeyboardInterrupt:
        status = 130
    os._exit(status)


def _run(call: Call) -> int:
    store, pid = call.store, os.getpid()
    began = time.time()
    with store.opened() as world:
        life.settle(store.folder, world, now(world))
        fault = take_fault(world, call)
        store.record(("begin", pid, began, call.name, call.node, *call.words))
    answer = _answer(call, fault)
    if fault and fault["kind"] == "partial":
        answer = Answer(answer.status, answer.stdout[: len(answer.stdout) // 2])
    if fault and fault["kind"] == "crash":
        write_all(1, answer.stdout[: len(answer.stdout) // 2])
        os.kill(os.getpid(), 9)
    # Recorded before it is printed: whoever has read the answer finds the call ended.
    store.record(("end", pid, began, time.time(), answer.status))
    write_all(1, answer.stdout)
    write_all(2, answer.stderr)
    return answer.status


def take_fault(world: World, call: Call) -> Fault | None:
    """The first fault that is meant for this call; one that strikes a number of times is counted down."""
    said = " ".join(call.words).replace(";", " ; ").split()
    for fault in world["faults"]:
        if fault["command"] != call.name or fault["node"] not in ("", call.node):
            continue
        if not all(word in said for word in fault["words"]):
            continue
        if fault["times"] is not None:
            fault["times"] -= 1
            if fault["times"] <= 0:
                world["faults"].remove(fault)
        return fault
    return None


def _answer(call: Call, fault: Fault | None) -> Answer:
    kind = fault["kind"] if fault else ""
    if fault is None:
        return _simulate(call)
    if kind == "late":
        call.late = fault["seconds"]
        return _simulate(call)
    if kind == "slow":
        time.sleep(fault["seconds"])
        return _simulate(call)
    call.streams = kind == "hang" and not fault["after"]
    answer = _simulate(call) if fault["after"] or kind in ("partial", "crash") else Answer()
    if kind == "hang":
        _hang(call, fault)
        return answer if fault["after"] else _simulate(call)
    if kind == "fail":
        return Answer(fault["status"], "", fault["text"])
    if kind == "garbage":
        return Answer(fault["status"], fault["text"] or GARBAGE)
    return answer


def _hang(call: Call, fault: Fault) -> None:
    """Block until the faults are cleared; for ever, if this one is no longer listed as it had its number of times."""
    number, counted = fault["number"], fault["times"] is not None
    call.wait_while(lambda world: counted or any(other["number"] == number for other in world["faults"]))


def _simulate(call: Call) -> Answer:
    name = f"opensvc_testkit.executables.{module_of(call.name, call.platform)}"
    module = __import__(name, fromlist=["run"])
    while True:
        try:
            answer: Answer = module.run(call)
        except HangsError as error:
            call.wait_while(error.lasts)
        except NotSimulatedError as error:
            return Answer(NOT_SIMULATED, "", f"simulated {call.name}: not simulated: {error}\n")
        else:
            return answer
