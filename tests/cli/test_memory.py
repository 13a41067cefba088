#!/usr/bin/env python3
"""Ranks on one machine share one copy of the weights: shown by four of them with a 2 GiB checkpoint.

ISOFRAME_BIN names the program.  Needs about 3 GiB of memory and 2 GiB of disk.
"""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")
CONFIG = {
    "transformer": {"num_attention_heads": 16, "attention_head_dim": 64, "num_layers": 13, "rope_axes_dim": [8, 28, 28]}
}
# Memory of a rank beside weights and tensors: private pages of the program and LibTorch.
RUNTIME_BYTES = 128 << 20


def proportional_bytes(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def children(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(int(pid), number)
        except OSError:
            pass


def stands(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def all_stand(pids, patience=1.0):
    """Waits until each process has stopped: on a busy machine it has to be scheduled first.  False where one does not."""
    until = time.monotonic() + patience
    while not all(map(stands, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def proportional_bytes_together(pids):
    """Sums proportional set sizes of processes that all stand still; 0 where one does not.

    A page that one of them takes or leaves between two readings would be counted twice.  A process that exits does not
    stop any more, and what it leaves is divided among fewer from then on.
    """
    signal_all(pids, signal.SIGSTOP)
    try:
        return sum(map(proportional_bytes, pids)) if all_stand(pids) else 0
    finally:
        signal_all(pids, signal.SIGCONT)


class PeakTogether(threading.Thread):
    """The largest sum of the children's proportional set sizes at one moment."""

    def __init__(self, parent):
        super().__init__(daemon=True)
        self.parent, self.peak, self.done = parent, 0, False

    def run(self):
        while not self.done:
            self.peak = max(self.peak, proportional_bytes_together(children(self.parent)))
            time.sleep(0.05)


class SharedWeights(unittest.TestCase):
    def test_four_ranks_hold_the_weights_once(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "config.json"
            config.write_text(json.dumps(CONFIG))
            checkpoint = pathlib.Path(folder) / "checkpoint"
            made = subprocess.run(
                [ISOFRAME, "weights", "init", "--preset", "tiny", "--config", config, "--seed", "1", "--json", checkpoint],
                check=True, capture_output=True, text=True,
            )
            weights = json.loads(made.stdout)["bytes"]
            self.assertGreater(weights, 2 << 30)

            out = pathlib.Path(folder) / "out"
            command = [ISOFRAME, "generate", "--checkpoint", checkpoint, "--task", "t2v", "--prompt", "a cat"]
            command += ["--height", "64", "--width", "96", "--frames", "5", "--steps", "1", "--seed", "1"]
            command += ["--tile-size", "64", "--layout", "ulysses=2,cfg=2,vae_patch=4", "--out", out]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            together = PeakTogether(process.pid)
            together.start()
            self.assertEqual(process.wait(), 0)
            together.done = True
            together.join()

            ranks = json.loads((out / "result.json").read_text())["ranks"]
            own = sum(rank["peak_tensor_bytes"] + RUNTIME_BYTES for rank in ranks)
            print(f"weights {weights >> 20} MiB, four ranks together {together.peak >> 20} MiB", flush=True)
            self.assertGreater(together.peak, weights // 2)
            self.assertLess(together.peak, 1.15 * weights + own)


if __name__ == "__main__":
    unittest.main()
