"""Shared by the tests of `isoframe compare`: the command, and the videos and pictures that it is given."""

import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

ISOFRAME = os.environ.get("ISOFRAME_BIN", "build/isoframe")


def ffmpeg(*arguments, log="error"):
    result = subprocess.run(["ffmpeg", "-y", "-nostdin", "-v", log, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stderr


def write_png(path, values, width, channels=3, bits=8):
    """Writes a PNG file of `values`: row by row, pixel by pixel, channel by channel."""
    def chunk(kind, data):
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    row = width * channels
    rows = b"".join(b"\0" + struct.pack(f">{row}{'H' if bits == 16 else 'B'}", *values[at : at + row])
                    for at in range(0, len(values), row))
    colour = {1: 0, 3: 2, 4: 6}[channels]
    header = struct.pack(">LLBBBBB", width, len(values) // row, bits, colour, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class CompareTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="isoframe compare "))
        self.addCleanup(shutil.rmtree, self.folder)

    def compare(self, *arguments, **options):
        return subprocess.run([ISOFRAME, "compare", *map(str, arguments)], capture_output=True, text=True, **options)

    def video(self, name, size, crf, seconds=1, source="testsrc2", rate=10, extra=()):
        file = self.folder / name
        ffmpeg("-f", "lavfi", "-i", f"{source}=s={size}:r={rate}:d={seconds}", "-pix_fmt", "yuv420p", *extra,
               "-c:v", "libx264", "-crf", crf, file)
        return file

    def assert_refused(self, result, *words):
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def assert_equal(self, result, *words):
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("equal in every", result.stdout.splitlines()[-1])
        for word in words:
            self.assertIn(word, result.stdout)

    def assert_different(self, result, *words):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for word in words:
            self.assertIn(word, result.stdout)
