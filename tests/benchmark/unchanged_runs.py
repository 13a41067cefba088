"""Counts how often unchanged code raises an alarm: runs a scenario again and again, each run against the one before.

    tests/benchmark/unchanged_runs.py [--runs 100] [--repeat N] [--scenario scenarios/smoke.yaml]

Prints a line for each run, with the reason of each case that did not pass; exits 1 if any case failed or could not be
run.  The program is build/isoframe, or $ISOFRAME_BIN.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")


def run(scenario, out, repeat, earlier):
    """(exit code, cases of run.json)"""
    command = [ISOFRAME, "run", scenario, "--out", str(out)]
    if repeat:
        command += ["--repeat", str(repeat)]
    if earlier:
        command += ["--against", str(earlier)]
    done = subprocess.run(command, capture_output=True, text=True)
    if not (out / "run.json").exists():
        raise SystemExit(done.stderr)
    return done.returncode, json.loads((out / "run.json").read_text())["cases"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--scenario", default="scenarios/smoke.yaml")
    options = parser.parse_args()

    codes, verdicts = collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory(prefix="isoframe unchanged runs ") as folder:
        earlier = None
        for number in range(options.runs + 1):  # the first has none before it
            out = pathlib.Path(folder) / str(number)
            start = time.monotonic()
            code, cases = run(options.scenario, out, options.repeat, earlier)
            if earlier:
                codes[f"exit {code}"] += 1
                verdicts.update(case["verdict"] for case in cases)
                shutil.rmtree(earlier)
            print(f"{number}: exit {code} after {time.monotonic() - start:.0f} s", flush=True)
            for case in cases:
                if case["verdict"] != "passed":
                    print(f"    {case['name']} {case['verdict']}: {case['reason']}", flush=True)
            earlier = out
    print(f"{options.runs} runs: {dict(codes)}; cases: {dict(verdicts)}")
    return 1 if verdicts["failed"] or verdicts["error"] else 0


if __name__ == "__main__":
    sys.exit(main())
