#!/usr/bin/env python3
"""Adds up JUnit files of ctest and GoogleTest; names what failed and what was skipped, and says what took how long.

usage: count_tests.py [--step NAME SECONDS STATUS]... FILE.xml...

The last line is "N passed, N failed, N skipped".  A file that is missing or empty counts as one failure: a test program
that never ran has not passed.  So does each step of ci/test that ended with another STATUS than 0.

Beside a file of ctest may lie ctest's own list of its tests, FILE.json (ctest --show-only=json-v1).  Where a test there
has ATTACHED_FILES, these say what became of the tests within it, and these are counted in its place.  A Python script
is one test to ctest; what is skipped in it counts as skipped.
"""

import argparse
import collections
import json
import pathlib
import re
import xml.etree.ElementTree as ElementTree


# Shorter tests are one line of the table together.
SHORTEST_SECONDS = 5.0


class Count:
    def __init__(self):
        self.of = collections.Counter()
        self.seconds = {}  # of each of ctest's tests

    def note(self, outcome, title=""):
        self.of[outcome] += 1
        if outcome != "passed" and title:
            print(f"{outcome}: {title}")

    def file(self, name, title=None):
        """Counts a JUnit file and returns whether it holds a failure."""
        try:
            cases = list(ElementTree.parse(name).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            reason = "left no results" if isinstance(error, FileNotFoundError) else error
            self.note("failed", f"{title or name}: {reason}")
            return True
        if not cases:
            self.note("failed", f"{title or name}: no tests in it")
        within = attached(name)
        before = self.of["failed"]
        for case in cases:
            self.case(case, title or pathlib.Path(name).stem, within)
        return not cases or self.of["failed"] > before

    def case(self, case, title, within):
        # ctest gives the name as class, too.
        names = dict.fromkeys((case.get("classname", ""), case.get("name")))
        title = f"{title}: {' '.join(names)}"
        result = outcome(case, is_of_ctest=within is not None)
        if within is not None:
            self.seconds[case.get("name")] = float(case.get("time") or 0.0)
        files = (within or {}).get(case.get("name"), [])
        if not files:
            self.note(result, title + reason_of_skip(case))
        else:
            is_explained = [self.file(file, case.get("name")) for file in files]
            # It crashed at its end, say, or its time was up.
            if result == "failed" and not any(is_explained):
                self.note("failed", f"{title}: although none of its tests failed")
        for test, reason in skipped_within(case):
            self.note("skipped", f"{title}: {test}: {reason}")


def attached(name):
    """{test: files} of ctest's list beside its JUnit file; None where there is no list."""
    try:
        listed = json.loads(pathlib.Path(name).with_suffix(".json").read_text())["tests"]
    except OSError:
        return None
    properties = {test["name"]: {p["name"]: p["value"] for p in test.get("properties", [])} for test in listed}
    return {test: named["ATTACHED_FILES"] for test, named in properties.items() if "ATTACHED_FILES" in named}


def outcome(case, is_of_ctest):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    # A program that is missing, or whose fixture failed; to GoogleTest it is a test that was switched off.
    if case.get("status") == "notrun" and is_of_ctest:
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("disabled", "notrun") or case.get("result") == "skipped":
        return "skipped"
    return "passed"


def reason_of_skip(case):
    """What GoogleTest wrote after the line that names the place."""
    skipped = case.find("skipped")
    lines = [] if skipped is None else (skipped.get("message") or "").splitlines()
    return f": {lines[1]}" if len(lines) > 1 else ""


def skipped_within(case):
    """Returns (test, reason) for each test that a Python script skipped, from unittest's output."""
    return re.findall(r"^(\S+) \(\S+\).*\.\.\. skipped (.*)$", case.findtext("system-out") or "", re.MULTILINE)


def print_table(title, rows):
    if rows:
        print(f"\n{title:<66} {'seconds':>8}")
    for name, seconds in rows:
        print(f"  {name:<64} {seconds:>8.0f}")


def print_times(steps, tests):
    """How long each step took, and each test of ctest; tests run side by side."""
    print_table("step", [(name, float(seconds)) for name, seconds, _ in steps])
    long = sorted((item for item in tests.items() if item[1] >= SHORTEST_SECONDS), key=lambda item: -item[1])
    short = [seconds for seconds in tests.values() if seconds < SHORTEST_SECONDS]
    print_table("test", long + ([(f"{len(short)} others, of less than {SHORTEST_SECONDS:.0f} s", sum(short))] if short else []))
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", metavar=("NAME", "SECONDS", "STATUS"), nargs=3, action="append", default=[], dest="steps")
    parser.add_argument("files", metavar="FILE.xml", nargs="*")
    arguments = parser.parse_args()
    count = Count()
    for name, _, status in arguments.steps:
        if status != "0":
            count.note("failed", f"{name}: exit status {status}")
    for name in arguments.files:
        count.file(name)
    print_times(arguments.steps, count.seconds)
    print(f"{count.of['passed']} passed, {count.of['failed']} failed, {count.of['skipped']} skipped")
    return 1 if count.of["failed"] or not count.of["passed"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
