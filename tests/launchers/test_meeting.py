#!/usr/bin/env python3
"""Ranks that cannot or must not work together say so in one line each, name the rank, and are gone within 15 s.

ISOFRAME_BIN names the program.
"""

import json
import shutil
import socket
import subprocess
import time
import unittest

from common import ISOFRAME, LIMIT, LauncherTest, plain_environment
from slurm import free_ports

class Meeting(LauncherTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The job file of a case, caught on its way to a launcher.
        catcher = cls.root / "catch.sh"
        catcher.write_text(f'#!/bin/sh\ncp "$3" "{cls.root}/caught.json"\nexit 1\n')
        catcher.chmod(0o755)
        test = cls()
        test.generate("catch", "--launcher", f"{catcher} {{worker}}", layout="ulysses=2")
        cls.job = json.loads((cls.root / "caught.json").read_text())

    def runTest(self):
        """Does nothing; setUpClass needs an instance."""

    def job_file(self, name, **changes):
        job = json.loads(json.dumps(self.job))
        job["case"].update(changes)
        folder = self.root / self.id().split(".")[-1]
        folder.mkdir(exist_ok=True)
        job["directory"] = str(folder)
        path = folder / f"{name}.json"
        path.write_text(json.dumps(job))
        return path

    def run_ranks(self, jobs, world_size=None, port=None, programs=None):
        """Starts rank r with jobs[r] (None: it never comes); returns {rank: (exit code, stderr)}."""
        programs = programs or [ISOFRAME] * len(jobs)
        port = port or free_ports(1)[0]
        start = time.monotonic()
        ranks = {}
        for rank, job in enumerate(jobs):
            if job is None:
                continue
            environment = plain_environment(
                RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=world_size or len(jobs), MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
            ranks[rank] = subprocess.Popen([programs[rank], "worker", job], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
            self.addCleanup(ranks[rank].kill)
        ended = {rank: (process.communicate(timeout=60)[1], process.returncode) for rank, process in ranks.items()}
        self.assertLess(time.monotonic() - start, LIMIT)
        return {rank: (code, text) for rank, (text, code) in ended.items()}

    def assert_all_say(self, ended, code, text):
        for rank, (exit_code, error) in ended.items():
            self.assertEqual(exit_code, code, error)
            self.assertEqual(error.count("\n"), 1, error)
            self.assertIn(text, error)
            self.assertIn("rank", error)

    def test_ranks_that_agree_finish(self):
        job = self.job_file("job")
        for rank, (code, error) in self.run_ranks([job, job]).items():
            self.assertEqual(code, 0, error)

    def test_world_size_that_is_not_the_layouts(self):
        job = self.job_file("job")
        ended = self.run_ranks([job, job, job])
        self.assert_all_say(ended, 2, "layout 'ulysses=2' needs 2 ranks, 3 were started; start 2")
        self.assertIn("rank 1: layout", ended[1][1])

    def test_scenarios_that_differ(self):
        ended = self.run_ranks([self.job_file("job"), self.job_file("other", steps=7)])
        self.assert_all_say(ended, 2, "rank 1 differs from rank 0 in steps: '7' against '2'")

    def test_layouts_that_differ(self):
        ended = self.run_ranks([self.job_file("job"), self.job_file("other", layout="cfg=2")])
        self.assert_all_say(ended, 2, "rank 1 differs from rank 0 in layout: 'cfg=2' against 'ulysses=2'")

    def other_checkpoint(self):
        other = self.root / "other checkpoint"
        shutil.copytree(self.checkpoint, other, dirs_exist_ok=True)
        return other

    def test_copies_of_a_checkpoint_in_two_places_are_the_same(self):
        other = self.job_file("other", checkpoint=str(self.other_checkpoint()))
        for rank, (code, error) in self.run_ranks([self.job_file("job"), other]).items():
            self.assertEqual(code, 0, error)

    def test_configurations_that_differ(self):
        other = self.other_checkpoint()
        config = other / "scheduler" / "scheduler_config.json"
        settings = json.loads(config.read_text())
        config.write_text(json.dumps({**settings, "shift": 3.25}))
        ended = self.run_ranks([self.job_file("job"), self.job_file("other", checkpoint=str(other))])
        self.assert_all_say(ended, 2, "rank 1 differs from rank 0 in the checkpoint's scheduler")

    def test_weights_of_another_size(self):
        other = self.other_checkpoint()
        weights = next((other / "vae").glob("*.safetensors"))
        content = weights.read_bytes()
        header = int.from_bytes(content[:8], "little")
        # One more tensor than rank 0 has, of four bytes.
        tensors = json.loads(content[8 : 8 + header])
        end = len(content) - 8 - header
        tensors["surplus"] = {"dtype": "F32", "shape": [1], "data_offsets": [end, end + 4]}
        text = json.dumps(tensors).encode()
        weights.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + header :] + bytes(4))
        ended = self.run_ranks([self.job_file("job"), self.job_file("other", checkpoint=str(other))])
        self.assert_all_say(ended, 2, "rank 1 differs from rank 0 in the checkpoint's vae")

    def test_builds_that_differ(self):
        other = self.root / "other-isoframe"
        shutil.copy(ISOFRAME, other)
        with open(other, "ab") as program:
            program.write(b"\0")
        job = self.job_file("job")
        ended = self.run_ranks([job, job], programs=[ISOFRAME, other])
        self.assert_all_say(ended, 2, "rank 1 differs from rank 0 in build: '")

    def test_port_in_use(self):
        job = self.job_file("job")
        with socket.socket() as taken:
            taken.bind(("0.0.0.0", 0))
            taken.listen()
            ended = self.run_ranks([job, job], port=taken.getsockname()[1])
        self.assertEqual(ended[0][0], 2)
        self.assertIn("is in use by another program; set MASTER_PORT to a free one", ended[0][1])
        self.assertIn("rank 1: rank 0 was not met at 127.0.0.1", ended[1][1])
        for _, error in ended.values():
            self.assertEqual(error.count("\n"), 1, error)

    def test_missing_peer(self):
        job = self.job_file("job")
        self.assert_all_say(self.run_ranks([job, None]), 3, "rank 1 of 2 has not come within 10 s")

    def test_missing_rank_zero(self):
        job = self.job_file("job")
        self.assert_all_say(self.run_ranks([None, job]), 3, "rank 1: rank 0 was not met at 127.0.0.1")

    def test_patience_is_the_cases_own(self):
        job = self.job_file("job", meeting_seconds=1.0)
        start = time.monotonic()
        self.assert_all_say(self.run_ranks([job, None]), 3, "has not come within 1 s")
        self.assertLess(time.monotonic() - start, 8)


if __name__ == "__main__":
    unittest.main()
