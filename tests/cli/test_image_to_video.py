#!/usr/bin/env python3
"""`isoframe generate --task i2v` and i2v scenarios as a user meets them.  ISOFRAME_BIN names the program."""

import json
import pathlib
import struct
import tempfile
import unittest
import zlib

from common import isoframe


def png(width, height, shade=90):
    """Returns a PNG of one row of shades, repeated."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes((shade + 3 * x + c) % 256 for x in range(width) for c in (0, 40, 80))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b""))


class ImageToVideo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="isoframe test ")
        cls.root = pathlib.Path(cls.folder.name)
        for task in ("t2v", "i2v"):
            made = isoframe("weights", "init", "--preset", "tiny", "--task", task, "--seed", 3, cls.root / task)
            assert made.returncode == 0, made.stderr
        cls.image = cls.root / "first frame.png"
        cls.image.write_bytes(png(90, 60))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def generate(self, out, *options, task="i2v", checkpoint="i2v", image="yes", frames=5, size=(64, 96)):
        arguments = ["--checkpoint", self.root / checkpoint, "--task", task, "--prompt", "a lighthouse", "--frames", frames,
                     "--steps", 1, "--seed", 1, "--tile-size", 64, "--out", self.root / out]
        if image:
            arguments += ["--image", self.image if image == "yes" else image]
        if size:
            arguments += ["--height", size[0], "--width", size[1]]
        return isoframe("generate", *arguments, *options)

    def assert_refused(self, what, *parts, **options):
        with self.subTest(what):
            result = self.generate("refused", **options)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stdout, "")
            self.assertEqual(result.stderr.count("\n"), 1, f"one line, not: {result.stderr}")
            for part in parts:
                self.assertIn(str(part), result.stderr)
            self.assertFalse((self.root / "refused").exists(), "nothing may be left behind")

    def test_any_layout_gives_the_same_frames_and_shows_the_encoding(self):
        single = self.generate("single")
        self.assertEqual(single.returncode, 0, single.stderr)
        four = self.generate("four", "--layout", "cfg=2,ulysses=2,vae_patch=4")
        self.assertEqual(four.returncode, 0, four.stderr)
        for name in ("frames.safetensors", "latents.safetensors"):
            self.assertEqual((self.root / "single" / name).read_bytes(), (self.root / "four" / name).read_bytes(), name)

        result = json.loads((self.root / "four" / "result.json").read_text())
        stages = result["latency"]["stages"]
        for stage in ("image", "encode", "encode.tile", "encode.broadcast", "text", "denoise", "decode"):
            self.assertGreater(stages[stage][0], 0.0, stage)
        tiles = [(tile["row"], tile["column"]) for rank in result["ranks"] for tile in rank["encode_tiles"]]
        self.assertEqual(sorted(tiles), [(row, column) for row in range(2) for column in range(2)])
        self.assertTrue(all(len(rank["encode_tiles"]) == 1 for rank in result["ranks"]))
        sent = [row for rank in result["ranks"] for row in rank["collectives"] if row["collective"] == "broadcast"]
        # Latents of 32 x 4 x 6 floats, to every other rank.
        self.assertEqual(sum(row["bytes_received"] for row in sent), 3 * 32 * 4 * 6 * 4)

    def test_another_image_gives_another_video(self):
        other = self.root / "other.png"
        other.write_bytes(png(90, 60, shade=200))
        self.assertEqual(self.generate("one").returncode, 0)
        self.assertEqual(self.generate("two", image=other).returncode, 0)
        frames = [(self.root / name / "frames.safetensors").read_bytes() for name in ("one", "two")]
        self.assertNotEqual(frames[0], frames[1])

    def test_the_size_is_the_images_unless_told(self):
        config = self.root / "size.json"
        config.write_text(json.dumps({"transformer": {"target_size": 64}}))
        made = isoframe("weights", "init", "--task", "i2v", "--config", config, "--seed", 3, self.root / "small")
        self.assertEqual(made.returncode, 0, made.stderr)
        result = self.generate("sized", checkpoint="small", size=None, frames=1)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("1 frames of 48 x 64 ", result.stdout)

    def test_images_that_cannot_be_used(self):
        files = {"empty.png": b"", "words.png": b"not a picture", "wide.png": png(60000, 2),
                 "cut.png": png(90, 60)[:-20], "no pixels.png": png(0, 0)}
        for name, content in files.items():
            (self.root / name).write_bytes(content)
        broken = bytearray(png(90, 60))
        broken[50] ^= 0xFF
        (self.root / "broken.png").write_bytes(broken)
        for name, problem in {"empty.png": "empty file", "words.png": "not a PNG, JPEG or WebP image",
                              "wide.png": "60000 x 2 pixels", "cut.png": "damaged or cut off",
                              "broken.png": "damaged or cut off", "no pixels.png": "without pixels",
                              "none.png": "no such image"}.items():
            self.assert_refused(name, self.root / name, problem, image=self.root / name)
        self.assert_refused("folder", "a folder, not an image", image=self.root)

    def test_what_does_not_go_together(self):
        self.assert_refused("no image", "task i2v needs --image", image=None)
        self.assert_refused("image for t2v", "--image is for task i2v; this case is t2v", task="t2v", checkpoint="t2v")
        self.assert_refused("t2v checkpoint", self.root / "t2v", "is for text-to-video (t2v), not for image-to-video (i2v)",
                            checkpoint="t2v")
        self.assert_refused("i2v checkpoint", self.root / "i2v", "is for image-to-video (i2v), not for text-to-video (t2v)",
                            task="t2v", image=None)
        self.assert_refused("frames", "--frames 6 is not 1 + 4k", "5 or 9", frames=6)
        self.assert_refused("size", "--height 60 is not a multiple of 16", "48 or 64", size=(60, 96))

    def test_a_scenario_names_the_case_whose_image_is_missing(self):
        scenario = self.root / "missing.yaml"
        scenario.write_text(f"version: 1\ncheckpoint: {json.dumps(str(self.root / 't2v'))}\ncases:\n"
                            "  - {name: a, task: i2v, checkpoint: i2v, image: none.png, prompt: p, frames: 1, steps: 1}\n")
        result = isoframe("run", scenario, "--out", self.root / "refused")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(f"{scenario}:4:5: case 'a': {self.root / 'none.png'}: no such image", result.stderr)
        self.assertFalse((self.root / "refused").exists())


if __name__ == "__main__":
    unittest.main()
