#!/usr/bin/env python3
"""Adds up JUnit files of ctest and GoogleTest; names what failed and what was skipped.

The last line is "N passed, N failed, N skipped".  A file that is missing or empty counts as one failure: a test program
that never ran has not passed.  A Python script is one test to ctest; what is skipped in it counts as skipped.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("disabled", "notrun") or case.get("result") == "skipped":
        return "skipped"
    return "passed"


def skipped_within(case):
    """Returns (test, reason) for each test that a Python script skipped, from unittest's output."""
    return re.findall(r"^(\S+) \(\S+\).*\.\.\. skipped (.*)$", case.findtext("system-out") or "", re.MULTILINE)


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in sys.argv[1:]:
        try:
            cases = list(ElementTree.parse(name).iter("testcase"))
        except (OSError, ElementTree.ParseError) as error:
            print(f"failed: {name}: {error}")
            counts["failed"] += 1
            continue
        if not cases:
            print(f"failed: {name}: no tests in it")
            counts["failed"] += 1
        for case in cases:
            result = outcome(case)
            counts[result] += 1
            # ctest gives the name as class too.
            names = dict.fromkeys((case.get("classname", ""), case.get("name")))
            title = f"{pathlib.Path(name).stem}: {' '.join(names)}"
            if result == "failed":
                print(f"failed: {title}")
            for test, reason in skipped_within(case):
                counts["skipped"] += 1
                print(f"skipped: {title}: {test}: {reason}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
