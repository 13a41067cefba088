"""Times what a round costs beyond its generations: one frame of 64 x 64 on one rank that stays.

    tests/benchmark/round_overhead.py [--rounds 20] [--checkpoint DIR]

Prints the median of the time from one round's measured generation to the next one's, and what of it is the generation, the
yardstick and the rest: the warm-up, the request, the files, the round's place in the run directory.  The program is
build/isoframe, or $ISOFRAME_BIN.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ISOFRAME = os.path.abspath(os.environ.get("ISOFRAME_BIN", "build/isoframe"))
SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse
  height: 64
  width: 64
  frames: 1
  steps: 1
  seed: 1
  tiling: false
  threads_per_rank: 1
  warmup: 1
  repeat: {rounds}
cases:
  - name: one
"""


def measured(round_folder):
    """(start, seconds) of a round's measured generation."""
    record = json.loads((round_folder / "rank-0.json").read_text())
    events = json.loads((round_folder / "events-0.json").read_text())
    return min(event[2] for event in events), record["total_seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--checkpoint", default="build/checkpoints/tiny")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="isoframe rounds ") as folder:
        scenario = pathlib.Path(folder) / "one.yaml"
        checkpoint = json.dumps(os.path.abspath(options.checkpoint))
        scenario.write_text(SCENARIO.format(checkpoint=checkpoint, rounds=options.rounds))
        out = pathlib.Path(folder) / "run"
        done = subprocess.run([ISOFRAME, "run", scenario, "--out", out], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        rounds = sorted(measured(out / "one" / ".rounds" / str(k)) for k in range(options.rounds))
        wall = statistics.median(after[0] - before[0] for before, after in zip(rounds, rounds[1:]))
        generation = statistics.median(seconds for start, seconds in rounds)
    print(f"a round {wall:.3f} s, its generation {generation:.3f} s, beyond it {wall - generation:.3f} s")


if __name__ == "__main__":
    main()
