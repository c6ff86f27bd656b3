"""A simulated LVM: run as `vgs`, `lvs`, `vgchange` or `lvmconfig`, it answers from `state.json` beside it.

Its words, columns and exit statuses are those of LVM 2.03.16 (`tests/fixtures/lvm`); `tests/lab/uml/test_lvm_driver.py`
plays scenes with the real one. It keeps `sys/block` beside it as the kernel would.
"""

import fcntl
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STATE = HERE / "state.json"
Thing = dict[str, Any]


def main(program: str, words: list[str]) -> int:
    with (HERE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = json.loads(STATE.read_text())
        state["calls"].append([program, *words])
        STATE.write_text(json.dumps(state))
        fault = next((f for f in state["faults"] if f["words"] == [program, *words][: len(f["words"])]), None)
        if fault is None:
            rc: int = PROGRAMS[program](state, words)
            STATE.write_text(json.dumps(state))
            show_kernel(state)
            return rc
    if fault["kind"] == "hang":
        time.sleep(60)
    sys.stdout.write(fault.get("stdout", ""))
    sys.stderr.write(fault.get("stderr", ""))
    return int(fault.get("rc", 0))


def named(state: Thing, name: str) -> list[Thing]:
    return [group for group in state["groups"] if group["name"] == name]


def usable(state: Thing, group: Thing) -> bool:
    return group["system_id"] in {"", state["system_id"]}


def report(kind: str, rows: list[Thing]) -> None:
    lines = [f"                  {json.dumps(row)}".replace('": ', '":') for row in rows]
    body = ",\n".join(lines)
    say(f'  {{\n      "report": [\n          {{\n              "{kind}": [')
    if body:
        say(body)
    say("              ]\n          }\n      ]\n  }")


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1] if name in words else ""


def vgs(state: Thing, words: list[str]) -> int:
    columns = option(words, "-o").split(",")
    rows = []
    for group in state["groups"]:
        if "--foreign" not in words and not usable(state, group):
            continue
        missing = [disk for disk in group["disks"] if disk["missing"]]
        attributes = f"wz{'x' if group['exported'] else '-'}{'p' if missing else '-'}n-"
        for disk in group["disks"] if "pv_name" in columns else group["disks"][:1]:
            facts = {
                "vg_name": group["name"], "vg_uuid": group["uuid"], "vg_attr": attributes,
                "vg_tags": ",".join(sorted(group["tags"])), "vg_systemid": group["system_id"],
                "vg_size": "260046848", "vg_free": "213909504", "pv_name": disk["path"], "pv_uuid": disk["uuid"],
                "pv_missing": "missing" if disk["missing"] else "",
            }  # fmt: skip
            rows.append({column: facts[column] for column in columns})
        for disk in missing:
            warn(f"WARNING: Couldn't find device with uuid {disk['uuid']}.")
            warn(f"WARNING: VG {group['name']} is missing PV {disk['uuid']} (last written to {disk['last']}).")
        for disk in group["disks"]:
            if disk.get("copy"):
                warn(f"WARNING: Not using device {disk['copy']} for PV {disk['uuid']}.")
    report("vg", rows)
    return 0


def lvs(state: Thing, words: list[str]) -> int:
    columns = option(words, "-o").split(",")
    rows = []
    for group in state["groups"]:
        if group["exported"] or ("--foreign" not in words and not usable(state, group)):
            continue
        for volume in group["volumes"]:
            active = volume["active"]
            letter = "X" if state["no_device_mapper"] else "s" if volume.get("suspended") else "a" if active else "-"
            health = volume.get("health", "-")
            attributes = (
                f"-wi-{letter}{'o' if active and volume['open'] else '-'}--{health}{'k' if volume['skip'] else '-'}"
            )
            facts = {
                "vg_uuid": group["uuid"], "lv_name": volume["name"], "lv_attr": attributes, "lv_role": "public",
                "lv_kernel_major": "254" if active else "-1",
                "lv_kernel_minor": str(volume["minor"]) if active else "-1",
                "lv_health_status": "", "data_percent": volume.get("full", ""), "metadata_percent": "",
            }  # fmt: skip
            rows.append({column: facts[column] for column in columns})
    report("lv", rows)
    return 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def warn(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


def vgchange(state: Thing, words: list[str]) -> int:
    name = words[-1]
    groups = named(state, name)
    if not groups:
        warn(f'Volume group "{name}" not found')
        warn(f"Cannot process volume group {name}")
        return 5
    if len(groups) > 1:
        warn(f"Multiple VGs found with the same name: skipping {name}")
        return 5
    (group,) = groups
    if not usable(state, group):
        warn(f"Cannot access VG {name} with system ID {group['system_id']} with local system ID {state['system_id']}.")
        return 5
    if group["exported"]:
        warn(f"Volume group {name} is exported")
        return 5
    if "-ay" in words:
        return activate(state, group)
    if "-an" in words:
        return deactivate(state, group)
    return retag(state, group, words)


def activate(state: Thing, group: Thing) -> int:
    rc = 0
    tags = {f"@{tag}" for tag in group["tags"] + group.get("sneaked", [])}
    allowed = (
        state["volume_list"] is None or bool(tags & set(state["volume_list"])) or group["name"] in state["volume_list"]
    )
    for volume in group["volumes"]:
        if volume.get("partial") and allowed:
            warn(
                f"Refusing activation of partial LV {group['name']}/{volume['name']}.  "
                "Use '--activationmode partial' to override."
            )
            rc = 5
        elif allowed and not volume["skip"]:
            volume["active"] = True
    count(group)
    return rc


def deactivate(state: Thing, group: Thing) -> int:
    held = [volume for volume in group["volumes"] if volume["active"] and volume["open"]]
    for volume in held:
        warn(f"Logical volume {group['name']}/{volume['name']} in use.")
        if volume["open"] > 0:
            volume["open"] -= 1
    if held:
        warn(f'Can\'t deactivate volume group "{group["name"]}" with {len(held)} open logical volume(s)')
        return 5
    for volume in group["volumes"]:
        volume["active"] = False
    count(group)
    return 0


def count(group: Thing) -> None:
    number = sum(volume["active"] for volume in group["volumes"])
    say(f'  {number} logical volume(s) in volume group "{group["name"]}" now active')


def retag(state: Thing, group: Thing, words: list[str]) -> int:
    if any(disk.get("copy") for disk in group["disks"]):
        warn(f"Cannot update volume group {group['name']} with duplicate PV devices.")
        return 5
    if state["reserved_by_other"]:
        warn(f"Error writing device {group['disks'][0]['path']} at 16384 length 4096.")
        warn(f"Failed to write VG {group['name']}.")
        return 5
    tags = set(group["tags"])
    for flag, tag in zip(words[:-1:2], words[1:-1:2], strict=True):
        (tags.add if flag == "--addtag" else tags.discard)(tag.lstrip("@"))
    group["tags"] = sorted(tags | set(group.get("sneaked", [])))
    group["writes"] += 1
    say(f'  Volume group "{group["name"]}" successfully changed')
    return 0


def lvmconfig(state: Thing, words: list[str]) -> int:
    if words[-1] == "devices/use_devicesfile":
        say(f"use_devicesfile={int(state['uses_devices_file'])}")
        return 0
    if words[-1] == "activation/volume_list" and state["volume_list"] is not None:
        entries = [f'"{entry}"' for entry in state["volume_list"]]
        say(f"volume_list={entries[0] if len(entries) == 1 else '[' + ','.join(entries) + ']'}")
        return 0
    warn(f"Configuration node {words[-1]} not found")
    return 5


def show_kernel(state: Thing) -> None:
    blocks = HERE / "sys" / "block"
    shutil.rmtree(blocks, ignore_errors=True)
    blocks.mkdir(parents=True)
    for group in [*state["groups"], *state["vanished"]]:
        for volume in group["volumes"]:
            if volume["active"]:
                folder = blocks / f"dm-{volume['minor']}"
                (folder / "dm").mkdir(parents=True)
                (folder / "dev").write_text(f"254:{volume['minor']}\n")
                name = f"{group['name'].replace('-', '--')}-{volume['name'].replace('-', '--')}"
                (folder / "dm" / "name").write_text(f"{name}\n")
                (folder / "dm" / "uuid").write_text(f"LVM-{group['uuid'].replace('-', '')}{'v' * 32}\n")


PROGRAMS = {"vgs": vgs, "lvs": lvs, "vgchange": vgchange, "lvmconfig": lvmconfig}

if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[0]).name, sys.argv[1:]))
