#!/usr/bin/env python3
"""Tests of `isoframe run` and `isoframe generate` from the command line: real ranks, killed, hung and interrupted.

ISOFRAME_BIN names the program.  A tiny checkpoint is made once.
"""

import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import time
import unittest

from common import ISOFRAME, CheckpointTest, cases_of, isoframe
from processes import is_alive, ranks_of, wait_for

# The first case has so many steps that a test can interrupt it; the case after it is short.
SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm, "HOPE"
  height: 64
  width: 96
  frames: 5
  steps: 2
  seed: 5
  repeat: 1
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - name: base
  - name: victim
    layout: ulysses=2
    timeout_seconds: {timeout}
    {victim}
  - name: after
    layout: cfg=2
    baseline: base
"""


class Run(CheckpointTest):
    def scenario(self, victim="steps: 1000", timeout=300):
        path = self.root / f"{self.id().split('.')[-1]}.yaml"
        path.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint)), victim=victim, timeout=timeout))
        return path

    def start(self, scenario, *options):
        out = self.root / f"{self.id().split('.')[-1]} run"
        process = subprocess.Popen(
            [ISOFRAME, "run", scenario, "--out", out, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process, out

    def victim_ranks(self, process, out):
        """The two ranks of the case `victim`, once it is denoising."""
        started = out / "victim" / ".rounds" / "0"
        wait_for(lambda: started.exists() or process.poll() is not None, "the victim to start")
        self.assertIsNone(process.poll(), process.stderr.read() if process.poll() is not None else "")
        ranks = wait_for(lambda: (lambda r: r if len(r) == 2 else None)(ranks_of(process.pid, 2)), "two ranks")
        time.sleep(4)
        return ranks

    def test_a_run_leaves_all_its_files_and_passes(self):
        scenario = self.scenario(victim="baseline: base")
        process, out = self.start(scenario)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, stdout + stderr)
        for name in ("run.json", "report.md", "report.html", "junit.xml", "trace.json"):
            self.assertTrue((out / name).stat().st_size > 0, name)
        for case in ("base", "victim", "after"):
            for name in ("frames.safetensors", "latents.safetensors", "video.mp4", "result.json"):
                self.assertTrue((out / case / name).stat().st_size > 0, f"{case}/{name}")
        cases = cases_of(out)
        self.assertEqual({name: case["verdict"] for name, case in cases.items()}, dict.fromkeys(cases, "passed"))
        self.assertEqual(cases["victim"]["psnr"], "inf")
        self.assertEqual(cases["victim"]["ssim"], 1.0)
        result = json.loads((out / "victim" / "result.json").read_text())
        self.assertEqual(len(result["ranks"]), 2)
        self.assertEqual(len(result["latency"]["total_seconds"]), 1)
        self.assertIsNone(result["ranks"][0]["yardstick"])
        baseline = json.loads((out / "base" / "result.json").read_text())
        for times in baseline["ranks"][0]["yardstick"].values():
            self.assertEqual(len(times), len(baseline["latency"]["total_seconds"]))
            self.assertGreater(min(times), 0.0)
        sent = [c for r in result["ranks"] for c in r["collectives"] if c["collective"] == "all_to_all"]
        self.assertTrue(all(c["bytes_sent"] > 0 and c["calls"] > 0 for c in sent) and sent)
        # `report` judges what was measured again: the same verdicts, no rank started.
        again = isoframe("report", out, "--json")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual([c["verdict"] for c in json.loads(again.stdout)["cases"]], ["passed"] * 3)
        # Nothing is overwritten unasked.
        refused = isoframe("run", scenario, "--out", out)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("--resume", refused.stderr)

    def test_a_killed_rank_ends_its_case_and_others_go_on(self):
        process, out = self.start(self.scenario())
        ranks = self.victim_ranks(process, out)
        os.kill(ranks[1], signal.SIGKILL)
        killed = time.monotonic()
        wait_for(lambda: not is_alive(ranks[0]), "the other rank to end", 15)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        self.assertLess(time.monotonic() - killed, 120)
        cases = cases_of(out)
        self.assertEqual(cases["victim"]["verdict"], "error")
        self.assertRegex(cases["victim"]["reason"], r"rank 1 .*(SIGKILL|signal 9)")
        self.assertIn("denoise", cases["victim"]["reason"])
        self.assertEqual(cases["base"]["verdict"], "passed")
        self.assertEqual(cases["after"]["verdict"], "passed")

    def test_a_rank_that_hangs_is_ended_at_its_limit(self):
        process, out = self.start(self.scenario(timeout=12))
        ranks = self.victim_ranks(process, out)
        os.kill(ranks[0], signal.SIGSTOP)
        wait_for(lambda: not is_alive(ranks[0]) and not is_alive(ranks[1]), "both ranks to be ended", 30)
        stdout, stderr = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        cases = cases_of(out)
        self.assertEqual(cases["victim"]["verdict"], "error")
        self.assertIn("12", cases["victim"]["reason"])
        self.assertEqual(cases["after"]["verdict"], "passed")

    def test_ctrl_c_leaves_no_process_and_a_report_and_can_be_resumed(self):
        scenario = self.scenario()
        process, out = self.start(scenario)
        ranks = self.victim_ranks(process, out)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 3, stdout + stderr)
        self.assertFalse(is_alive(ranks[0]) or is_alive(ranks[1]))
        run = json.loads((out / "run.json").read_text())
        self.assertTrue(run["interrupted"])
        cases = cases_of(out)
        self.assertEqual(cases["victim"]["verdict"], "skipped")
        self.assertIn("interrupt", (out / "report.md").read_text().lower())

        short = self.scenario(victim="baseline: base")
        frames = out / "base" / "frames.safetensors"
        before = frames.stat().st_mtime_ns
        resumed = isoframe("run", short, "--out", out, "--resume", timeout=300)
        self.assertEqual(resumed.returncode, 0, resumed.stdout + resumed.stderr)
        self.assertEqual(frames.stat().st_mtime_ns, before, "the baseline was measured again")
        self.assertEqual({c["verdict"] for c in cases_of(out).values()}, {"passed"})

    def test_a_run_of_schema_version_1_is_reported_again(self):
        recorded = pathlib.Path(__file__).resolve().parents[1] / "unit/reports/records/version_1"
        out = self.root / "version 1"
        for case in ("tiled", "split"):
            (out / case / ".rounds" / "0").mkdir(parents=True)
        shutil.copy(recorded / "suite.json", out)
        shutil.copy(recorded / "done.json", out / "split" / ".rounds" / "0")
        reported = isoframe("report", out)
        self.assertEqual(reported.stderr, "")
        cases = cases_of(out)
        self.assertEqual(list(cases), ["tiled", "split", "ring", "lost"])
        self.assertEqual(cases["ring"]["verdict"], "skipped")
        before = json.loads((recorded / "split-result.json").read_text())
        self.assertEqual(cases["split"]["seconds"], before["latency"]["total_seconds"][0])
        self.assertEqual(cases["split"]["stages"]["denoise"], before["latency"]["stages"]["denoise"][0])
        self.assertTrue((out / "report.md").exists())

    def test_generate_leaves_frames_latents_video_and_result(self):
        out = self.root / "one video"
        done = isoframe(
            *("generate", "--checkpoint", self.checkpoint, "--task", "t2v", "--prompt", "", "--height", 48, "--width", 80),
            *("--frames", 5, "--steps", 2, "--seed", 1, "--no-tiling", "--layout", "cfg=2", "--out", out),
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(
            sorted(p.name for p in out.iterdir()), ["frames.safetensors", "latents.safetensors", "result.json", "video.mp4"]
        )
        with open(out / "latents.safetensors", "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        header.pop("__metadata__", None)
        self.assertEqual(sorted(header), ["latents", "noise", "step_0", "step_1"])
        probe = subprocess.run(
            ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=width,height,nb_read_frames"]
            + ["-of", "csv=p=0", str(out / "video.mp4")],
            capture_output=True,
            text=True,
        )
        self.assertEqual(probe.stdout.strip(), "80,48,5", probe.stderr)

    def test_deterministic_tensor_ranks_give_the_bits_of_one_rank_that_adds_in_as_many_parts(self):
        def frames_of(name, *options):
            out = self.root / name
            done = isoframe(
                *("generate", "--checkpoint", self.checkpoint, "--task", "t2v", "--prompt", 'a sign "HI"'),
                *("--height", 64, "--width", 96, "--frames", 5, "--steps", 2, "--seed", 3, "--out", out, *options),
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            return (out / "frames.safetensors").read_bytes()

        in_parts = frames_of("parts", "--reduction-parts", 2)
        ranks = frames_of("ranks", "--layout", "tensor=2,ulysses=2,vae_patch=2", "--reduction", "deterministic")
        self.assertEqual(ranks, in_parts)
        self.assertNotEqual(frames_of("whole"), in_parts)

    def test_bad_input_is_one_line_and_exit_2(self):
        good = {"checkpoint": self.checkpoint, "height": 48, "width": 80, "frames": 5, "steps": 2, "layout": "single"}
        cases = [
            ({"frames": 6}, "5 or 9"),
            ({"height": 50}, "48 or 64"),
            ({"layout": "ulysses=3"}, "heads"),
            ({"layout": "tensor=3"}, "the nearest is 'tensor=2'"),
            ({"layout": "tensor=2", "reduction-parts": 2}, "tensor=1"),
            ({"layout": "ulyses=2"}, "ulysses"),
            ({"layout": "vae_patch=2"}, "ranks"),
            ({"layout": "cfg=3"}, "cfg"),
            ({"tile-size": 96, "tile-overlap": 0.3}, "96"),
            ({"checkpoint": self.root / "nowhere"}, "nowhere"),
        ]
        for change, expected in cases:
            with self.subTest(change=change):
                out = self.root / "refused"
                options = [f"--{name}={value}" for name, value in (good | change).items()]
                done = isoframe("generate", "--task", "t2v", "--prompt", "x", "--seed", 1, "--out", out, *options)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(expected, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertFalse(out.exists())

    def damaged_checkpoint(self, damage):
        copy = self.root / self.id().split(".")[-1]
        subprocess.run(["cp", "-r", str(self.checkpoint), str(copy)], check=True)
        damage(copy)
        return isoframe(
            *("generate", "--checkpoint", copy, "--task", "t2v", "--prompt", "x", "--height", 48, "--width", 80),
            *("--frames", 1, "--steps", 1, "--seed", 1, "--layout", "ulysses=2", "--out", self.root / "damaged"),
        )

    def test_a_truncated_file_is_named(self):
        def damage(checkpoint):
            file = next((checkpoint / "vae").glob("*.safetensors"))
            os.truncate(file, file.stat().st_size - 10)

        done = self.damaged_checkpoint(damage)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, r"vae/.*\.safetensors.*truncated")

    def test_a_missing_tensor_is_named(self):
        def damage(checkpoint):
            file = next((checkpoint / "transformer").glob("*.safetensors"))
            data = file.read_bytes().replace(b'"proj_out.weight"', b'"proj_out.weighX"')
            file.write_bytes(data)

        done = self.damaged_checkpoint(damage)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn("proj_out.weight", done.stderr)
        self.assertIn("transformer", done.stderr)

    def test_a_config_of_another_class_is_named(self):
        def damage(checkpoint):
            file = checkpoint / "vae" / "config.json"
            file.write_text(file.read_text().replace("AutoencoderKLHunyuanVideo15", "AutoencoderKLWan"))

        done = self.damaged_checkpoint(damage)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("AutoencoderKLWan", done.stderr)
        self.assertIn("vae/config.json", done.stderr)

    def test_a_weight_that_is_not_a_number_is_named(self):
        def damage(checkpoint):
            file = next((checkpoint / "transformer").glob("*.safetensors"))
            data = bytearray(file.read_bytes())
            length = struct.unpack("<Q", data[:8])[0]
            begin = json.loads(data[8 : 8 + length])["transformer_blocks.1.ff.net.2.bias"]["data_offsets"][0]
            data[8 + length + begin : 12 + length + begin] = struct.pack("<f", float("nan"))
            file.write_bytes(data)

        done = self.damaged_checkpoint(damage)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, r"transformer/.*transformer_blocks\.1\.ff\.net\.2\.bias.*NaN")
        self.assertFalse((self.root / "damaged").exists())

    def test_half_types_and_a_hubs_symlinked_cache(self):
        """blobs/<hash> with snapshots/<commit>/... as links to them, as huggingface_hub lays a checkpoint out."""
        cache = self.root / "models--org--name"
        snapshot = cache / "snapshots" / "0123abcd"
        (cache / "blobs").mkdir(parents=True)
        for number, file in enumerate(sorted(f for f in self.checkpoint.rglob("*") if f.is_file())):
            blob = cache / "blobs" / f"{number:064x}"
            blob.write_bytes(file.read_bytes())
            link = snapshot / file.relative_to(self.checkpoint)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
        frames = {}
        for dtype in ("float32", "bfloat16", "float16"):
            out = self.root / dtype
            done = isoframe(
                *("generate", "--checkpoint", snapshot, "--task", "t2v", "--prompt", "x", "--height", 48, "--width", 80),
                *("--frames", 1, "--steps", 1, "--seed", 1, "--layout", "ulysses=2", "--dtype", dtype, "--out", out),
            )
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads((out / "result.json").read_text())["case"]["dtype"], dtype)
            frames[dtype] = (out / "frames.safetensors").read_bytes()
        self.assertEqual(len(set(frames.values())), 3)


if __name__ == "__main__":
    unittest.main()
