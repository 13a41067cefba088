"""Finds and waits for the processes that tests start."""

import os
import pathlib
import time


def ranks_of(parent, world_size=1):
    """Returns {rank: pid} of the worker processes that `parent` started as a group of so many ranks."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            status = (entry / "status").read_text()
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"PPid:\t{parent}\n" not in status:
            continue
        if b"WORLD_SIZE=%d" % world_size not in environment:
            continue
        for variable in environment:
            if variable.startswith(b"RANK="):
                found[int(variable[5:])] = int(entry.name)
    return found


def is_alive(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def live_workers(needle):
    """Returns the processes, without zombies, whose command line contains `needle`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(needle).encode() in (entry / "cmdline").read_bytes():
                if int(entry.name) != os.getpid() and "State:\tZ" not in (entry / "status").read_text():
                    found.append(int(entry.name))
        except OSError:
            pass
    return found


def wait_for(condition, what, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited for {what} in vain")
