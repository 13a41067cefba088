"""What a double was asked for, one JSON object a line, in the file that DOUBLE_RECORD names."""

import json
import os


def note(kind, **words):
    if path := os.environ.get("DOUBLE_RECORD"):
        with open(path, "a") as file:
            file.write(json.dumps({"kind": kind, **words}, default=str) + "\n")


def notes(path, kind):
    with open(path) as file:
        return [note for note in map(json.loads, file) if note["kind"] == kind]
