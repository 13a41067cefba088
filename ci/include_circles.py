#!/usr/bin/env python3
"""Prints files whose headers and sources include each other in turn; exits 1 if there are any.

A header and the source of its name count as one room.  A factory and what it makes are such a circle by nature.
"""
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

FACTORIES = [{"model/pipeline/pipeline", "model/pipeline/text_to_video", "model/pipeline/image_to_video"}]


def room(path):
    return str(Path(path).with_suffix(""))


def included_rooms():
    files = subprocess.run(["git", "ls-files", "*.h", "*.cpp"], capture_output=True, text=True, check=True).stdout.split()
    rooms = defaultdict(set)
    for file in files:
        for included in re.findall(r'^#include "([^"]+)"', Path(file).read_text(), re.M):
            rooms[room(file)].add(room(included))
    return rooms


def reachable(rooms, start):
    seen, left = set(), [start]
    while left:
        for other in rooms.get(left.pop(), ()):
            if other not in seen and other != start:
                seen.add(other)
                left.append(other)
    return seen


def main():
    rooms = included_rooms()
    reach = {start: reachable(rooms, start) for start in rooms}
    circles = {frozenset({a} | {b for b in reach[a] if a in reach.get(b, ())}) for a in rooms}
    found = [circle for circle in circles if len(circle) > 1 and circle not in FACTORIES]
    for circle in sorted(map(sorted, found)):
        print("include each other in turn:", ", ".join(circle))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
