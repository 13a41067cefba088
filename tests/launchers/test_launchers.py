#!/usr/bin/env python3
"""Runs the same worker under every launcher: a layout's frames must equal a single rank's byte for byte.

ISOFRAME_BIN names the program.  A test whose launcher is not installed, or needs root, is skipped with the reason.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from common import ISOFRAME, LIMIT, LauncherTest, kill_quietly, need, plain_environment, torchrun
from nodes import FIRST, TwoNodes
from processes import live_workers, wait_for
from slurm import Slurm, free_ports

MPIRUN = "mpirun --allow-run-as-root --oversubscribe -n {ranks} {worker}"


class Launchers(LauncherTest):
    def script(self, name, text):
        path = self.root / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path

    def test_our_own(self):
        self.assert_equals_single(None)

    def test_mpirun(self):
        need("mpirun", "openmpi-bin")
        self.assert_equals_single(MPIRUN)

    def test_hydra(self):
        # The variables of MPICH's and Intel MPI's launcher; inside a Slurm job all ranks of a machine see its proxy's number.
        start = 'PMI_RANK=$rank PMI_SIZE=4 MPI_LOCALRANKID=$rank MPI_LOCALNRANKS=4 SLURM_PROCID=0 SLURM_NTASKS=1 "$@" &'
        script = self.script("hydra.sh", f'for rank in 0 1 2 3; do {start} all="$all $!"; done\nfor one in $all; do wait $one || exit 1; done\n')
        self.assert_equals_single(f"{script} {{worker}}")

    def test_srun(self):
        with Slurm(self.root / "slurm") as slurm:
            self.assert_equals_single("srun --overcommit --ntasks={ranks} {worker}", slurm.environment)

    def test_torchrun(self):
        launcher = torchrun() + " --standalone --no-python --nproc-per-node {ranks} {worker}"
        self.assert_equals_single(launcher, timeout=400)

    def two_nodes(self, nodes, text, timeout=240):
        self.assert_equals_single(f"{self.script('nodes.sh', text)} {{worker}}", timeout=timeout)

    def assert_frames_crossed(self, nodes, cable=0):
        """Least bytes that cross the cable: the second node's tiles and CFG's other branch."""
        self.assertGreater(nodes.received_bytes(0, cable), 200_000)
        self.assertGreater(nodes.received_bytes(1, cable), 20_000)

    def by_hand(self, nodes, port):
        """Starts two ranks a node, which learn their numbers from environment variables alone."""
        ranks = "".join(
            nodes.on(rank // 2, f'env RANK={rank} WORLD_SIZE=4 LOCAL_RANK={rank % 2} MASTER_ADDR={FIRST} MASTER_PORT={port} "$@" &\n')
            + "all=\"$all $!\"\n"
            for rank in range(4)
        )
        return ranks + 'for one in $all; do wait $one || status=$?; done\nexit ${status:-0}\n'

    def test_two_nodes(self):
        with TwoNodes() as nodes:
            self.two_nodes(nodes, self.by_hand(nodes, free_ports(1)[0]))
            self.assert_frames_crossed(nodes)

    def test_two_nodes_with_torchrun_on_each(self):
        run = torchrun() + f" --nnodes 2 --nproc-per-node 2 --master-addr {FIRST} --master-port {free_ports(1)[0]} --no-python"
        with TwoNodes() as nodes:
            text = (
                nodes.on(0, f'{run} --node-rank 0 "$@" &\n')
                + nodes.on(1, f'{run} --node-rank 1 "$@" || status=$?\n')
                + "wait $! || status=$?\nexit ${status:-0}\n"
            )
            self.two_nodes(nodes, text, timeout=500)
            self.assert_frames_crossed(nodes)

    def with_interfaces(self, nodes, text, interfaces):
        for node, interface in enumerate(interfaces):
            text = text.replace(nodes.names[node] + " env", f"{nodes.names[node]} env GLOO_SOCKET_IFNAME={interface}")
        return text

    def test_the_chosen_interface_is_the_one_that_is_used(self):
        with TwoNodes(cables=2) as nodes:
            text = self.by_hand(nodes, free_ports(1)[0])
            # Ranks meet over the first cable, at MASTER_ADDR, and talk over the second.
            self.two_nodes(nodes, self.with_interfaces(nodes, text, nodes.cables[1]))
            self.assert_frames_crossed(nodes, cable=1)
            self.assertLess(nodes.received_bytes(0, cable=0), 100_000)

    def test_an_interface_that_is_not_there_is_one_line(self):
        with TwoNodes() as nodes:
            wrong = self.with_interfaces(nodes, self.by_hand(nodes, free_ports(1)[0]), [nodes.cables[0][0], "eth7"])
            start = time.monotonic()
            done, _ = self.generate("wrong", "--launcher", f"{self.script('wrong.sh', wrong)} {{worker}}")
            self.assertLess(time.monotonic() - start, LIMIT)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"^isoframe generate: rank [23]: environment: GLOO_SOCKET_IFNAME='eth7' is no interface of this "
                         rf"machine that is up and has an address; it has lo.*{nodes.cables[0][1]}.*\n$")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_missing_launcher_is_one_line(self):
        done, out = self.generate("missing", "--launcher", "no-such-launcher -n {ranks} {worker}")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("no-such-launcher is not installed", done.stderr)
        self.assertFalse((out / "frames.safetensors").exists())

    def test_launcher_that_fails_is_quoted(self):
        done, _ = self.generate("failing", "--launcher", "sh -c 'echo no allocation >&2; exit 7' {worker}")
        self.assertEqual(done.returncode, 3)
        self.assertIn("exited with 7; last words: no allocation", done.stderr)

    def test_launcher_that_starts_nothing_is_found_out(self):
        done, _ = self.generate("idle", "--launcher", "true {worker}")
        self.assertEqual(done.returncode, 3)
        self.assertIn("rank 0 has left no", done.stderr)

    def test_what_a_worker_says_before_it_knows_its_rank_is_passed_on(self):
        # A launcher of unknown variables, which itself ends well.
        script = self.script("unnumbered.sh", '"$@" & "$@"; wait; exit 0\n')
        done, _ = self.generate("unnumbered", "--launcher", f"{script} {{worker}}", layout="ulysses=2")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Aisoframe generate: environment: neither RANK and WORLD_SIZE nor .*PMI_\*.* are set;.*\n\Z")

    def test_two_processes_of_one_number_are_found_out(self):
        for variables in ("SLURM_PROCID=0 SLURM_NTASKS=2 SLURM_JOB_ID=7 SLURM_STEP_NUM_NODES=1", f"RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT={free_ports(1)[0]}"):
            with self.subTest(variables=variables):
                script = self.script("twice.sh", f'env {variables} "$@" &\nenv {variables} "$@"\nwait\n')
                start = time.monotonic()
                done, out = self.generate("twice", "--launcher", f"{script} {{worker}}", "--meeting-seconds", "200", layout="ulysses=2")
                self.assertLess(time.monotonic() - start, 100)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, r"\Aisoframe generate: rank 0: two processes say they are this rank, \d+ on .* and \d+ on .*"
                                 r"; does the launcher give each its own RANK.*\n\Z")
                shutil.rmtree(out, ignore_errors=True)

    def test_a_first_rank_whose_name_is_unknown_is_said_at_once(self):
        script = self.script("nowhere.sh", 'for rank in 0 1; do RANK=$rank WORLD_SIZE=2 MASTER_ADDR=no-such-host.invalid MASTER_PORT=29500 "$@" & done\nwait\n')
        start = time.monotonic()
        done, _ = self.generate("nowhere", "--launcher", f"{script} {{worker}}", "--meeting-seconds", "200", layout="ulysses=2")
        self.assertLess(time.monotonic() - start, 100)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"\Aisoframe generate: rank \d: environment: MASTER_ADDR='no-such-host\.invalid' is no machine's name.*\n\Z")

    def test_a_machine_without_loopback_is_one_line(self):
        alone = ["unshare", "--net", "--map-root-user"]
        if subprocess.run([*alone, "true"], capture_output=True).returncode != 0:
            self.skipTest("no network namespaces here")
        script = self.script("loopback.sh", 'for rank in 0 1; do RANK=$rank WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=29500 "$@" & done\nwait\n')
        for options in ([], ["--launcher", f"{script} {{worker}}"]):
            out = self.root / "no loopback"
            command = [*alone, *map(str, self.request(out, *options, layout="ulysses=2"))]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=plain_environment())
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, r"\A[^\n]*interface lo of this machine is down, and ranks meet over it; bring it up: ip link set lo up\n\Z")
            shutil.rmtree(out, ignore_errors=True)

    def test_launcher_of_too_many_ranks_is_found_out(self):
        need("mpirun", "openmpi-bin")
        done, _ = self.generate("many", "--launcher", MPIRUN.replace("{ranks}", "3"), layout="ulysses=2")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"rank \d: layout 'ulysses=2' needs 2 ranks, 3 were started; start 2\n")

    def started(self, launcher, name):
        """Starts a long run under `launcher` and waits until its ranks are at work."""
        out = self.root / name
        command = [str(word) for word in self.request(out, "--launcher", launcher, layout="ulysses=2", steps=900)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=plain_environment())
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        progress = [out / ".round" / f"answers-{rank}.jsonl" for rank in range(2)]
        wait_for(lambda: process.poll() is not None or all(p.exists() and "denoise" in p.read_text() for p in progress), "two ranks at work", 60)
        self.assertIsNone(process.poll())
        return process, out

    def workers(self, out):
        """Returns the ranks' pids, without the launcher, whose command line names the worker too."""
        return [pid for pid in live_workers(out / ".round" / "job.json")
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(ISOFRAME.encode() + b"\0worker\0")]

    def test_killed_rank_ends_the_run(self):
        need("mpirun", "openmpi-bin")
        process, out = self.started(MPIRUN, "killed")
        os.kill(self.workers(out)[0], signal.SIGKILL)
        self.assertEqual(process.wait(timeout=20), 3)
        message = process.stderr.read()
        self.assertRegex(message, "lost a peer|signal 9")
        wait_for(lambda: not live_workers(out), "the end of all ranks", 10)

    def test_interruption_ends_launcher_and_ranks(self):
        need("mpirun", "openmpi-bin")
        process, out = self.started(MPIRUN, "interrupted")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=20), 3)
        wait_for(lambda: not live_workers(out), "the end of all ranks", 10)

    def test_ranks_do_not_outlive_a_killed_launcher(self):
        need("mpirun", "openmpi-bin")
        process, out = self.started(MPIRUN, "orphans")
        for pid in set(live_workers(out)) - set(self.workers(out)) - {process.pid}:
            kill_quietly(pid)
        self.assertEqual(process.wait(timeout=20), 3)
        wait_for(lambda: not live_workers(out), "the end of all ranks", 10)


if __name__ == "__main__":
    unittest.main()
