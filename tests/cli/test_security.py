#!/usr/bin/env python3
"""Tests of what SECURITY.md promises.  ISOFRAME_BIN names the program."""

import os
import pathlib
import subprocess
import unittest

from common import ISOFRAME, CheckpointTest, isoframe

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults: {{prompt: a lighthouse, height: 64, width: 64, frames: 1, steps: {steps}, seed: 5, repeat: 1, warmup: 0,
  tiling: {{tile_size: 64, overlap: 0.25}}}}
cases:
  - {{name: pair, layout: ulysses=2, threads_per_rank: 1}}
"""
LISTENS = "0A"
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def listeners():
    """{inode: address in hexadecimal} of every TCP socket that listens."""
    rows = [line.split() for table in ("tcp", "tcp6") if pathlib.Path("/proc/net", table).exists()
            for line in pathlib.Path("/proc/net", table).read_text().splitlines()[1:]]
    return {row[9]: row[1].split(":")[0] for row in rows if row[3] == LISTENS}


def sockets(session):
    """The inodes of all sockets of a session's processes."""
    found = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(process.name)) != session:
                continue
            links = [os.readlink(entry) for entry in (process / "fd").iterdir()]
        except OSError:
            continue
        found |= {link.removeprefix("socket:[").rstrip("]") for link in links if link.startswith("socket:[")}
    return found


class Security(CheckpointTest):
    def scenario(self, steps):
        path = self.root / f"{steps}.yaml"
        path.write_text(SCENARIO.format(checkpoint=f"'{self.checkpoint}'", steps=steps))
        return path

    def test_ranks_listen_on_loopback_alone(self):
        running = subprocess.Popen([ISOFRAME, "run", self.scenario(60), "--out", self.root / "listening"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        addresses = set()
        while running.poll() is None:
            listening = listeners()
            addresses |= {listening[inode] for inode in sockets(running.pid) if inode in listening}
        self.assertEqual(running.returncode, 0, running.stderr.read())
        running.stderr.close()
        self.assertTrue(addresses)
        self.assertLessEqual(addresses, LOOPBACK)

    def test_files_have_the_modes_of_the_umask(self):
        for umask in (0o077, 0o027, 0o022):
            out = self.root / f"umask {umask:o}"
            ended = isoframe("run", self.scenario(1), "--out", out, umask=umask)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            for path in out.rglob("*"):
                if not path.is_symlink():
                    self.assertEqual(path.stat().st_mode & umask, 0, path)
            self.assertEqual((out / "run.json").stat().st_mode & 0o777, 0o666 & ~umask)

    def test_the_program_is_hardened(self):
        shown = subprocess.run(["readelf", "-hldW", ISOFRAME], capture_output=True, text=True).stdout
        self.assertRegex(shown, r"Type: +DYN")
        self.assertRegex(shown, r"Flags: NOW PIE")
        self.assertRegex(shown, r"GNU_RELRO")
        self.assertRegex(shown, r"GNU_STACK .* RW ")

    def test_errors_do_not_command_the_terminal(self):
        for arguments in (["validate", "no\x1b[31m.yaml"], ["weights", "inspect", "/nowhere/\x1b[2J"], ["r\x1b[31mun"]):
            ended = isoframe(*arguments)
            self.assertEqual(ended.returncode, 2)
            self.assertNotIn("\x1b", ended.stderr)
            self.assertIn("\\x1b[", ended.stderr)


if __name__ == "__main__":
    unittest.main()
