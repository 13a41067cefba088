"""`isoframe compare`: verdicts, exit codes, files; its FFmpeg-like numbers against FFmpeg's own filters."""

import json
import os
import re
import struct
import unittest

from compare_sides import ISOFRAME, CompareTest, ffmpeg

HEIGHT, WIDTH = 48, 64


def write_frames(path, values, frames, height=HEIGHT, width=WIDTH):
    header = json.dumps({"frames": {"dtype": "F32", "shape": [frames, height, width, 3],
                                    "data_offsets": [0, 4 * len(values)]}}).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack(f"<{len(values)}f", *values))


def gradient(frames):
    return [((7 * x + 3 * y + 20 * c + 11 * t) % 256) / 255
            for t in range(frames) for y in range(HEIGHT) for x in range(WIDTH) for c in range(3)]


class Compare(CompareTest):
    def quality(self, *arguments):
        result = self.compare(*arguments, "--json")
        self.assertIn(result.returncode, (0, 1), result.stderr)
        return json.loads(result.stdout)

    def frames(self, name, values, frames):
        file = self.folder / f"{name}.safetensors"
        write_frames(file, values, frames)
        return file

    def test_equals_ffmpegs_filters_to_the_digits_they_print(self):
        # At 200 x 114 the last blocks are cut, and chroma is 57 high.  -cpuflags 0 selects FFmpeg's C code: its SSE code
        # counts a window too many if a plane's width leaves a rest of 8 to 11 pixels modulo 16.
        for size, flags in (("192x112", ()), ("200x114", ("-cpuflags", "0"))):
            reference, candidate = self.video("a.mp4", size, 0), self.video("b.mp4", size, 38)
            log = ffmpeg(*flags, "-i", reference, "-i", candidate, "-lavfi", "[0:v][1:v]ssim;[0:v][1:v]psnr", "-f", "null",
                         "-", log="info")
            ssim = re.search(r"SSIM Y:(\S+) \S+ U:(\S+) \S+ V:(\S+) \S+ All:(\S+)", log).groups()
            psnr = re.search(r"PSNR y:(\S+) u:(\S+) v:(\S+) average:(\S+) min:(\S+) max:(\S+)", log).groups()
            ours = self.quality(reference, candidate)["quality"]["ffmpeg"]
            self.assertEqual(ours["planes"], "yuv420p")
            self.assertEqual([f"{ours['ssim'][key]:f}" for key in ("y", "u", "v", "all")], list(ssim))
            self.assertEqual([f"{ours['psnr'][key]:f}" for key in ("y", "u", "v", "average", "min", "max")], list(psnr))

    def test_rgb_frames_get_the_planes_that_ffmpeg_makes_of_them(self):
        for name, crf in (("a", 0), ("b", 38)):
            video = self.video(f"{name}.mp4", "192x112", crf, seconds=0.3)
            (self.folder / name).mkdir()
            ffmpeg("-i", video, self.folder / name / "frame_%d.png")
        log = ffmpeg("-i", self.folder / "a/frame_%d.png", "-i", self.folder / "b/frame_%d.png", "-lavfi",
                     "[0:v]format=yuv420p[x];[1:v]format=yuv420p[y];[x][y]ssim", "-f", "null", "-", log="info")
        expected = re.search(r"SSIM Y:(\S+) \S+ U:(\S+) \S+ V:(\S+) \S+ All:(\S+)", log).groups()
        ours = self.quality(self.folder / "a", self.folder / "b")["quality"]["ffmpeg"]
        self.assertEqual(ours["planes"], "yuv420p from RGB")
        self.assertEqual([f"{ours['ssim'][key]:f}" for key in ("y", "u", "v", "all")], list(expected))

    def test_verdicts_and_exit_codes(self):
        values = gradient(3)
        reference = self.frames("a", values, 3)
        result = self.compare(reference, self.frames("same", values, 3))
        self.assertEqual((result.returncode, result.stdout.splitlines()[-1]), (0, "identical in every float"))
        self.assertRegex(result.stdout, r"FFmpeg's ssim.* Y 1\.000000 U 1\.000000 V 1\.000000 All 1\.000000\n")
        self.assertEqual(self.quality(reference, reference)["quality"]["ffmpeg"]["ssim"], {"y": 1, "u": 1, "v": 1, "all": 1})

        nudged = list(values)
        nudged[0] += 1e-4
        result = self.compare(reference, self.frames("nudged", nudged, 3))
        self.assertEqual(result.returncode, 0)
        self.assertIn("equal after 8 bits: 1 floats differ", result.stdout.splitlines()[-1])

        at = 2 * HEIGHT * WIDTH * 3 + (40 * WIDTH + 50) * 3
        spoilt = list(values)
        spoilt[at] = 1 - spoilt[at]
        candidate = self.frames("spoilt", spoilt, 3)
        result = self.compare(reference, candidate)
        self.assertEqual(result.returncode, 1)
        last = result.stdout.splitlines()[-1]
        self.assertRegex(last, r"^different: PSNR \S+ dB, SSIM 0\.99\d+, first different frame 2, worst frame 2, worst region "
                               r"(\d+),(\d+),32,32 in frame 2$")
        x, y = map(int, re.search(r"region (\d+),(\d+)", last).groups())
        self.assertTrue(x <= 50 < x + 32 and y <= 40 < y + 32, last)

    def test_gates_take_the_place_of_equality(self):
        values = gradient(2)
        reference = self.frames("a", values, 2)
        nudged = self.frames("b", [value + 0.02 for value in values], 2)
        self.assertEqual(self.compare(reference, nudged).returncode, 1)
        self.assertEqual(self.compare(reference, nudged, "--min-psnr", 30, "--max-abs", 0.03).returncode, 0)
        gates = (("--psnr-min", 60), ("--ssim-min", 0.9999999), ("--max-difference-max", 0.01), ("--relative-l2-max", 0.001),
                 ("--min-psnr", 60), ("--min-ssim", 0.9999999), ("--max-abs", 0.01))
        for gate in gates:
            result = self.compare(reference, nudged, *gate)
            self.assertEqual(result.returncode, 1, gate)
            self.assertIn("outside the gates", result.stdout)

    def test_not_a_number_is_not_trusted_even_when_equal(self):
        values = gradient(1)
        values[5] = float("nan")
        result = self.compare(self.frames("a", values, 1), self.frames("b", values, 1))
        self.assertEqual(result.returncode, 1)
        self.assertIn("not to be trusted: 1 values", result.stdout)

    def test_files_and_heat_maps(self):
        values = gradient(5)
        spoilt = list(values)
        for frame in (1, 3):
            spoilt[frame * HEIGHT * WIDTH * 3] = 1 - spoilt[frame * HEIGHT * WIDTH * 3]
        out = self.folder / "out"
        self.compare(self.frames("a", values, 5), self.frames("b", spoilt, 5), "--out", out)
        result = json.loads((out / "compare.json").read_text())
        self.assertEqual(sorted(picture["frame"] for picture in result["pictures"]), [1, 3])
        for picture in result["pictures"]:
            self.assertTrue((out / picture["file"]).read_bytes().startswith(b"\x89PNG"))
            self.assertIn(picture["file"], (out / "report.md").read_text())
        # A second comparison leaves no picture of the first.
        self.compare(self.folder / "a.safetensors", self.folder / "a.safetensors", "--out", out)
        self.assertEqual(sorted(path.name for path in out.iterdir()), ["compare.json", "report.md"])

    def test_an_output_folder_keeps_what_is_not_ours(self):
        values = gradient(2)
        spoilt = [1 - value for value in values]
        reference, candidate = self.frames("a", values, 2), self.frames("b", spoilt, 2)
        out = self.folder / "out"
        (out / "worst-frames").mkdir(parents=True)
        (out / "worst-frames" / "kept.txt").write_text("kept")
        theirs = ("worst-case-of-tuesday.txt", "worst-9-frame-9.png", "worst-.png", "notes.md")
        for name in theirs:
            (out / name).write_text("kept")
        for _ in range(2):
            self.assertEqual(self.compare(reference, candidate, "--out", out).returncode, 1)
        ours = {picture["file"] for picture in json.loads((out / "compare.json").read_text())["pictures"]}
        self.assertEqual(len(ours), 2)
        self.assertEqual(self.compare(reference, reference, "--out", out).returncode, 0)
        self.assertEqual({path.name for path in out.iterdir()},
                         {*theirs, "worst-frames", "compare.json", "report.md"})
        self.assertEqual((out / "worst-frames" / "kept.txt").read_text(), "kept")
        # A record from elsewhere may list any file.
        record = json.loads((out / "compare.json").read_text())
        record["pictures"] = [{"file": name, "frame": 0, "max_difference": 1} for name in ("notes.md", "../a.safetensors")]
        (out / "compare.json").write_text(json.dumps(record))
        self.assertEqual(self.compare(reference, reference, "--out", out).returncode, 0)
        self.assertTrue((out / "notes.md").exists() and reference.exists())

    def test_an_unusable_output_folder_is_found_before_comparing(self):
        values = gradient(1)
        reference = self.frames("a", values, 1)
        file = self.folder / "file"
        file.write_text("text")
        (self.folder / "taken" / "report.md").mkdir(parents=True)
        # The candidate ends within a frame: had the comparison begun, that would be the complaint.
        video = self.video("v.mkv", "64x48", 20)
        cut = self.folder / "cut.mkv"
        cut.write_bytes(video.read_bytes()[:-400])
        for out, words in ((file, "not a directory"), (file / "below", "choose another --out"),
                           ("/proc/nothing", "choose another --out"), (self.folder / "taken", "report.md is a folder")):
            self.assert_refused(self.compare(video, cut, "--out", out), words, "--out")

    def test_what_is_not_comparable_is_explained(self):
        reference = self.video("a.mp4", "64x48", 20)
        self.assert_refused(self.compare(reference, self.video("size.mp4", "64x64", 20)), "48 x 64", "64 x 64")
        self.assert_refused(self.compare(reference, self.video("length.mp4", "64x48", 20, seconds=2)), "10 frames", "20")
        self.assert_refused(self.compare(reference, self.video("rate.mp4", "64x48", 20, rate=20, extra=("-frames:v", "10"))),
                            "10 frames a second", "20")
        # Matroska does not say how many frames it has: both are read to their ends.
        shorter = self.video("shorter.mkv", "64x48", 20, seconds=0.5)
        self.assert_refused(self.compare(reference, shorter), "the reference has 10 frames, the candidate 5")

    def test_what_cannot_be_read_is_named(self):
        reference = self.video("a.mp4", "64x48", 20)
        (self.folder / "empty").mkdir()
        sound = self.folder / "sound.wav"
        ffmpeg("-f", "lavfi", "-i", "sine=d=0.1", sound)
        (self.folder / "text.mp4").write_text("no video")
        self.assert_refused(self.compare(reference, self.folder / "nowhere.mp4"), "no such file")
        self.assert_refused(self.compare(reference, self.folder / "empty"), "no images (.png, .jpg")
        self.assert_refused(self.compare(reference, sound), "no video stream")
        self.assert_refused(self.compare(reference, self.folder / "text.mp4"), "not a readable video")

    def test_memory_does_not_grow_with_the_length(self):
        def peak(seconds):
            video = self.video("long.mp4", "320x240", 30, seconds=seconds, rate=25)
            pid = os.posix_spawn(ISOFRAME, [ISOFRAME, "compare", str(video), str(video)], os.environ,
                                 file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            _, status, usage = os.wait4(pid, 0)
            self.assertEqual(status, 0)
            return usage.ru_maxrss

        # 975 more frames are 214 MiB of RGB.
        self.assertLess(peak(40) - peak(1), 20 * 1024)


if __name__ == "__main__":
    unittest.main()
