#!/usr/bin/env python3
"""Runs scripts of the reference's side in one process: importing torch and diffusers takes longer than most of them.

usage: together.py FOLDER -- NAME SCRIPT ARGUMENT... [-- NAME SCRIPT ARGUMENT...]...

Each is the function main(ARGUMENT...) of its SCRIPT.  What it prints goes to FOLDER/NAME.log, and once it has ended
FOLDER/NAME.status holds 0, or what it returned, or 1 where it raised an exception: whoever waits for it reads that.
"""

import contextlib
import importlib.util
import itertools
import pathlib
import sys
import traceback


def jobs(words):
    for is_separator, group in itertools.groupby(words, lambda word: word == "--"):
        if not is_separator:
            name, script, *arguments = group
            yield name, pathlib.Path(script), arguments


def run(script, arguments):
    # Scripts that lie together import each other.
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        return module.main(*arguments) or 0
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        sys.path.pop(0)


def main(folder, *words):
    folder = pathlib.Path(folder)
    for name, script, arguments in jobs(words):
        with open(folder / f"{name}.log", "w") as log, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            status = run(script, arguments)
        (folder / f"{name}.status.part").write_text(f"{status}\n")
        (folder / f"{name}.status.part").rename(folder / f"{name}.status")


if __name__ == "__main__":
    main(*sys.argv[1:])
