"""LXC's commands that change a container."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH110, PTH123
from __future__ import annotations

import os
import shutil

from opensvc_testkit.executables import life, lxc_state
from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.guest_system import disk_of
from opensvc_testkit.executables.lxc import RefusedError
from opensvc_testkit.executables.lxc_words import complaint
from opensvc_testkit.executables.node_files import place_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lxc import Session
    from opensvc_testkit.executables.shapes import World

NOT_RUNNING = 2
USUAL_TIMEOUT = 60.0
ALREADY = "Container is already running"


def perform(session: Session, command: str) -> None:
    """Do one command. Raises RefusedError."""
    {"lxc-start": _start, "lxc-stop": _stop, "lxc-freeze": _freeze, "lxc-unfreeze": _unfreeze, "lxc-destroy": _destroy}[
        command
    ](session)


def _say(session: Session, line: int, text: str, place: str = "") -> str:
    return complaint(session.call.name, session.words.name, line, text, place)


def _open_log(session: Session) -> None:
    """Make the file that ``-o`` names; the node's own disk has it if it has that folder."""
    log = session.words.get("logfile")
    if not log:
        return
    folder, _, file = log.rpartition("/")
    place = place_of(session.store, session.node["name"], folder or ".")
    lines: list[tuple[int, str, str]] = []
    try:
        # It makes folders that are missing (captured).
        os.makedirs(place, exist_ok=True)
    except OSError as error:
        lines = [
            (516, f'{error.strerror} - Failed to create directory "{log}"', "build_dir"),
            (629, f'{error.strerror} - Failed to create dir for log file "{log}"', "__lxc_log_set_file"),
            (690, f"{error.strerror} - Failed to enable logfile", "lxc_log_init"),
        ]
    else:
        try:
            with open(f"{place}/{file}", "ab"):
                pass
        except OSError as error:
            lines = [
                (534, f'{error.strerror} - Failed to open log file "{log}"', "log_open"),
                (690, f"{error.strerror} - Failed to enable logfile", "lxc_log_init"),
            ]
    if lines:
        raise RefusedError("".join(_say(session, line, text, f"../src/lxc/log.c: {at}") for line, text, at in lines))


def _start(session: Session) -> None:
    words, name, path = session.words, session.words.name, session.words.path
    _open_log(session)
    if words.has("foreground"):
        raise NotSimulatedError("a container in the foreground")
    if words.has("rcfile", "define"):
        raise NotSimulatedError("a configuration that is not the container's own")
    try:
        config = lxc_state.read_config(session.store, session.node, path, name)
    except lxc_state.BadConfigError as error:
        key = error.line.partition("=")[0].strip()
        invalid = f'Invalid argument - Unsupported config key "{key}"'
        parse = f'Failed to parse config file "{path}/{name}/config" at line "{error.line}"'
        raise RefusedError(
            _say(session, 164, invalid, "../src/lxc/confile.c: set_config_unsupported_key")
            + _say(session, 129, parse, "../src/lxc/parse.c: lxc_file_for_each_line_mmap")
            + f"Failed to load config for {name}\n"
            + _say(session, 240, "Failed to create lxc_container")
        ) from None
    if lxc_state.running(session.node, path, name) is not None:
        # It is no failure (captured).
        session.stderr = _say(session, 256, ALREADY)
        return
    if config is None:
        raise RefusedError(_say(session, 266, "No container config specified"))
    if name in session.node["powered"]:
        raise NotSimulatedError("two containers with one name on one node")
    rootfs = lxc_state.rootfs_of(config)
    if not rootfs.startswith("/") or not os.path.exists(place_of(session.store, session.node["name"], rootfs)):
        state = 'Received container state "ABORTING" instead of "RUNNING"'
        more = "Additional information can be obtained by setting the --logfile and --logpriority options"
        raise RefusedError(
            _say(session, 878, state, "../src/lxc/lxccontainer.c: wait_on_daemonized_start")
            + _say(session, 306, "The container failed to start")
            + _say(session, 309, "To get more details, run the container in foreground mode")
            + _say(session, 311, more)
        )
    lxc_state.start(session.store, session.world, session.node, path, name, session.now)


def _stop(session: Session) -> None:
    words, name, path = session.words, session.words.name, session.words.path
    if words.has("kill") and words.has("timeout"):
        raise RefusedError(_say(session, 132, "-k doesn't allow timeouts"))
    container = lxc_state.running(session.node, path, name)
    if container is None:
        raise RefusedError(_say(session, 168, f"{name} is not running"), NOT_RUNNING)
    if words.has("kill"):
        lxc_state.kill(session.node, path, name)
        return
    guest = session.world["guests"].get(name) or life.new_guest(name)
    power = session.node["powered"][name]
    if life.has_processor(power):
        life.ask_shutdown(power, guest, session.now, life.REBOOTED if words.has("reboot") else life.SHUTDOWN_DONE)
    if words.has("nowait"):
        return
    pid, node = container["pid"], session.node["name"]
    until = session.now + float(words.get("timeout") or USUAL_TIMEOUT)

    def is_there(world: World) -> bool:
        there = lxc_state.running(world["nodes"][node], path, name)
        return there is not None and there["pid"] == pid

    def lasts(world: World) -> bool:
        return is_there(world) and now(world) < until

    def end() -> None:
        if not is_there(session.world):
            return
        if words.has("nokill") or words.has("reboot"):
            raise RefusedError("")
        lxc_state.kill(session.node, path, name)

    session.waits, session.then = lasts, end


def _freeze(session: Session) -> None:
    name, path = session.words.name, session.words.path
    if lxc_state.running(session.node, path, name) is None:
        text = ""
        if lxc_state.names(session.store, session.node, path).count(name):
            refused = "Connection refused - Failed to serve state clients"
            place = "../src/lxc/commands.c: lxc_cmd_serve_state_clients"
            text = _say(session, 1579, refused, place)
            text += _say(session, 46, f"Failed to freeze {name}", "../src/lxc/freezer.c: do_freeze_thaw")
            text += _say(session, 1579, refused, place)
        raise RefusedError(text + _say(session, 87, f"Failed to freeze {path}:{name}"))
    session.node["powered"][name]["is_paused"] = True


def _unfreeze(session: Session) -> None:
    name, path = session.words.name, session.words.path
    if lxc_state.running(session.node, path, name) is not None:
        session.node["powered"][name]["is_paused"] = False
    elif name not in lxc_state.names(session.store, session.node, path):
        raise RefusedError(_say(session, 87, f"Failed to unfreeze {path}:{name}"))


def _destroy(session: Session) -> None:
    name, path = session.words.name, session.words.path
    if name not in lxc_state.names(session.store, session.node, path):
        raise RefusedError(_say(session, 240, "Container is not defined"))
    if lxc_state.running(session.node, path, name) is not None:
        if not session.words.has("force"):
            raise RefusedError(_say(session, 91, f"{name} is running", "../src/lxc/tools/lxc_destroy.c: do_destroy"))
        lxc_state.kill(session.node, path, name)
    shutil.rmtree(f"{lxc_state.folder_of(session.store, session.node, path)}/{name}")
    # The guest's own disk is what its rootfs is a link to.
    shutil.rmtree(disk_of(session.store, name), ignore_errors=True)
