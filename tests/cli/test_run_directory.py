#!/usr/bin/env python3
"""A run directory can be believed: what --resume keeps, what damage costs, who may measure in it, what is left behind.

ISOFRAME_BIN names the program.  One run is measured; most tests change a copy of it.
"""

import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import time
import unittest

from common import ISOFRAME, CheckpointTest, cases_of, isoframe
from processes import ranks_of, wait_for

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  prompt: a lighthouse in a storm
  height: 64
  width: 96
  frames: 1
  steps: 1
  seed: 5
  warmup: 0
  tiling: {{tile_size: 64, overlap: 0.25}}
cases:
  - name: base
  - name: u2
    layout: ulysses=2
    baseline: base
"""

SKIPPED = """
version: 1
checkpoint: nowhere
cases:
  - {name: gpu, device: cuda, prompt: x, height: 64, width: 96, frames: 1, steps: 1}
"""

FIGURES = """
source: somewhere
hardware: some GPUs
rows:
  row: {title: A row, size: 480p, frames: 33, steps: 50, seconds: 15.5}
"""


class RunDirectory(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)
        assert cls.ran.returncode == 0, cls.ran.stdout + cls.ran.stderr

    def setUp(self):
        self.copy = self.root / self._testMethodName
        shutil.copytree(self.out, self.copy)

    def resume(self, *options, scenario=None, **more):
        return isoframe("run", scenario or self.scenario, "--out", self.copy, "--resume", *options, **more)

    def verdicts(self, out=None):
        return {name: case["verdict"] for name, case in cases_of(out or self.copy).items()}

    def rounds(self):
        """What tells a round that was measured again from one that was kept."""
        return {
            str(file.relative_to(self.copy)): file.stat().st_mtime_ns
            for file in self.copy.glob("*/.rounds/*/done.json")
        }

    def change(self, path, edit):
        file = self.copy / path
        record = json.loads(file.read_text())
        edit(record)
        file.write_text(json.dumps(record))

    def cut(self, path):
        file = self.copy / path
        os.truncate(file, file.stat().st_size // 2)

    # What --resume keeps

    def test_rounds_attest_build_machine_and_content(self):
        origin = json.loads((self.copy / "u2/.rounds/0/done.json").read_text())["origin"]
        self.assertRegex(origin["program"], "^[0-9a-f]{16}$")
        self.assertIn("libtorch_cpu.so", origin["libraries"])
        self.assertLessEqual({"transformer", "vae", "model_index.json"}, set(origin["checkpoint"]))
        result = json.loads((self.copy / "u2/result.json").read_text())
        self.assertEqual([group["rounds"] for group in result["origins"]], [[0, 1]])
        self.assertEqual(result["origins"][0]["origin"], origin)

    def test_other_spellings_gates_limits_and_figures_keep_everything(self):
        before = self.rounds()
        folder = self.root / "elsewhere"
        folder.mkdir()
        edited = folder / "scenario.yaml"
        (folder / "figures.yaml").write_text(FIGURES)
        text = SCENARIO.format(checkpoint=json.dumps(os.path.relpath(self.checkpoint, folder)))
        more = "timeout_seconds: 99\n    gates: {ssim_min: 0.5}\n    published: figures.yaml#row\n"
        edited.write_text(text.replace("baseline: base\n", "baseline: base\n    " + more))
        done = self.resume(scenario=edited.name, cwd=folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.rounds(), before)
        self.assertNotIn("discards", done.stderr)
        self.assertEqual(cases_of(self.copy)["u2"]["published"]["seconds"], 15.5)

    def test_a_filter_leaves_the_other_cases_in_the_reports(self):
        before = self.rounds()
        done = self.resume("--filter", "base")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "passed"})
        self.assertEqual(len(json.loads((self.copy / "suite.json").read_text())["cases"]), 2)
        self.assertEqual(self.rounds(), before)

    def test_another_checkpoint_at_the_same_path_is_measured_and_said(self):
        other = self.root / "other"
        made = isoframe("weights", "init", "--preset", "tiny", "--seed", 4, other)
        self.assertEqual(made.returncode, 0, made.stderr)
        frames = (self.copy / "base/frames.safetensors").read_bytes()
        done = self.resume("--checkpoint", other, "--filter", "base")
        self.assertEqual(done.stderr.count("--resume discards"), 1, done.stderr)
        self.assertRegex(done.stderr, "--resume discards 2 measured rounds of base .*checkpoint: other content in .*transformer")
        self.assertNotEqual((self.copy / "base/frames.safetensors").read_bytes(), frames)
        # u2 was left out, so that the reports have two contents and say so.
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "untrusted"})
        self.assertIn("'base' was not measured with the same: checkpoint", cases_of(self.copy)["u2"]["reason"])

    def test_another_build_and_another_machine_are_measured_and_said(self):
        self.change("base/.rounds/0/done.json", lambda done: done["origin"].update(program="0" * 16))
        self.change("u2/.rounds/0/done.json", lambda done: done["origin"]["environment"].update(cpu="another"))
        reported = isoframe("report", self.copy)
        self.assertEqual(reported.returncode, 1, reported.stdout)
        self.assertEqual(self.verdicts(), {"base": "untrusted", "u2": "untrusted"})
        self.assertIn("something else than the newest rounds of the run: cpu: \"another\" then", reported.stdout)
        before = self.rounds()
        done = self.resume()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stderr, "discards 2 measured rounds of base and measures again: program: isoframe .*0000 then")
        self.assertRegex(done.stderr, 'discards 2 measured rounds of u2 and measures again: cpu: "another" then')
        self.assertEqual({name for name, at in self.rounds().items() if at == before[name]}, set())
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "passed"})

    # What damage costs

    def test_damage_costs_its_own_case_and_is_mended(self):
        self.cut("u2/frames.safetensors")
        for name in ("events-0.json", "../prediction-1.json", "../../video.mp4"):
            self.cut(f"base/.rounds/1/{name}")
        before = self.rounds()
        reported = isoframe("report", self.copy)
        self.assertEqual(reported.returncode, 3, reported.stderr)
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "error"})
        self.assertRegex(cases_of(self.copy)["u2"]["reason"], "u2/frames.safetensors.*--resume measures it again")
        self.assertIn("events-0.json", reported.stderr)
        json.loads((self.copy / "base/.rounds/prediction-1.json").read_text())
        video = (self.copy / "base/video.mp4").stat().st_size
        self.assertEqual(video, (self.out / "base/video.mp4").stat().st_size)
        for name in ("report.md", "report.html", "junit.xml", "trace.json"):
            self.assertIn("base", (self.copy / name).read_text(), name)
        self.cut("base/.rounds/1/repeat.json")
        reported = isoframe("report", self.copy)
        self.assertRegex(cases_of(self.copy)["base"]["reason"], "base/.rounds/1/repeat.json.*--resume measures it again")
        done = self.resume()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        kept = {name for name, at in self.rounds().items() if at == before[name]}
        self.assertEqual(kept, {"base/.rounds/0/done.json"})

    def test_a_missing_or_odd_record_is_named(self):
        def of_round(edit, index=0):
            return lambda: self.change(f"u2/.rounds/{index}/done.json", edit)

        def in_rank(edit):
            return of_round(lambda done: edit(done["ranks"][1]))

        def other_frames():
            header = json.dumps({"frames": {"dtype": "F32", "shape": [1, 16, 16, 3], "data_offsets": [0, 3072]}}).encode()
            data = struct.pack("<Q", len(header)) + header + bytes(3072)
            (self.copy / "u2/frames.safetensors").write_bytes(data)

        damages = {
            "not float32 frames of shape [1, 64, 96, 3]": other_frames,
            "done.json is missing": lambda: (self.copy / "u2/.rounds/0/done.json").unlink(),
            "'ranks[1].total_seconds' is 0, not above 0": in_rank(lambda rank: rank.update(total_seconds=0.0)),
            "'ranks[1].stages' is -1, below 0 for 'decode'": in_rank(lambda rank: rank["stages"].update(decode=[-1.0])),
            "'ranks[1].stages' is empty": in_rank(lambda rank: rank.update(stages={})),
            "'ranks[1].stages' has no 'denoise'": in_rank(lambda rank: rank["stages"].pop("denoise")),
            "bytes_sent' is out of range: -1": in_rank(lambda rank: rank["collectives"][0].update(bytes_sent=-1)),
            "'origin' is missing or null": of_round(lambda done: done.update(origin=None)),
            "'case' is not an object": of_round(lambda done: done.update(case=[])),
            "holds 0 ranks of 2": of_round(lambda done: done.update(ranks=[]), 1),
            "repeat.json is missing": lambda: (self.copy / "u2/.rounds/1/repeat.json").unlink(),
            "1/done.json is missing: round 2 of 2": lambda: shutil.rmtree(self.copy / "u2/.rounds/1"),
            "latents.safetensors is missing": lambda: (self.copy / "u2/latents.safetensors").unlink(),
        }
        for expected, damage in damages.items():
            with self.subTest(expected):
                shutil.rmtree(self.copy)
                shutil.copytree(self.out, self.copy)
                damage()
                self.assertEqual(isoframe("report", self.copy).returncode, 3)
                self.assertEqual(self.verdicts(), {"base": "passed", "u2": "error"})
                reason = cases_of(self.copy)["u2"]["reason"]
                self.assertIn(expected, reason)
                self.assertRegex(reason, f"^{self.copy}/u2/.*; --resume measures it again$")

    def replace(self, path, make):
        entry = self.copy / path
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
        make(entry)

    def test_something_else_in_place_of_a_file_or_folder_costs_its_own_case(self):
        def loop(entry):
            entry.symlink_to(entry.name)

        def file(entry):
            entry.write_text("notes")

        for path, make in {"u2": file, "u2/.rounds": loop, "u2/.rounds/0": file, "u2/.rounds/1/done.json": os.mkfifo}.items():
            with self.subTest(path):
                shutil.rmtree(self.copy)
                shutil.copytree(self.out, self.copy)
                self.replace(path, make)
                reported = isoframe("report", self.copy)
                self.assertEqual(reported.returncode, 3, reported.stderr)
                self.assertEqual(self.verdicts(), {"base": "passed", "u2": "error"})
                reason = cases_of(self.copy)["u2"]["reason"]
                self.assertRegex(reason, f"^{self.copy / path} is .*; --resume measures it again$")
                self.assertNotIn("filesystem error", reported.stdout + reported.stderr)
        # What stands there is removed, said before; what a link leads to is somebody else's.
        theirs = self.root / "theirs"
        theirs.mkdir()
        file(theirs / "done.json")
        self.replace("base/.rounds/1", lambda entry: entry.symlink_to(theirs))
        self.replace("base/video.mp4", os.mkdir)
        done = self.resume()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for path in ("u2/.rounds/1/done.json is neither a file nor a folder", "base/video.mp4 is a folder"):
            self.assertRegex(done.stderr, f"--resume removes it: .*{path}")
        self.assertEqual((theirs / "done.json").read_text(), "notes")
        self.assertFalse((self.copy / "base/.rounds/1").is_symlink())
        self.assertTrue((self.copy / "base/video.mp4").is_file())

    def test_rounds_of_another_case_or_of_odd_ranks_are_no_measurement(self):
        self.change("u2/.rounds/1/done.json", lambda done: done["ranks"][1].update(rank=0))
        self.change("base/.rounds/0/done.json", lambda done: done["case"].update(seed=4))
        done = isoframe("report", self.copy)
        self.assertEqual(done.returncode, 3, done.stdout)
        cases = cases_of(self.copy)
        self.assertIn("what should be rank 1 calls itself rank 0", cases["u2"]["reason"])
        self.assertIn("base/.rounds/0/done.json: of another case: seed: 4 then", cases["base"]["reason"])

    def test_resume_says_that_there_is_nothing_to_go_on_with(self):
        scenario, out = self.root / "skipped.yaml", self.root / "nothing before"
        scenario.write_text(SKIPPED)
        for said in (f"{out} holds nothing to go on with: --resume begins anew\n", ""):
            done = isoframe("run", scenario, "--resume", "--out", out, "--allow-skipped")
            self.assertEqual((done.returncode, done.stderr), (0, said))

    def test_a_case_whose_baseline_is_damaged_says_so(self):
        self.cut("base/.rounds/0/done.json")
        done = isoframe("report", self.copy)
        self.assertEqual(done.returncode, 3, done.stdout)
        cases = cases_of(self.copy)
        self.assertEqual(self.verdicts(), {"base": "error", "u2": "untrusted"})
        self.assertIn("base/.rounds/0/done.json", cases["base"]["reason"])
        self.assertEqual(cases["u2"]["reason"],
                         f"nothing to compare with: its baseline 'base' is in error: {cases['base']['reason']}")

    def test_a_video_that_was_cut_is_made_again_without_a_word_of_a_library(self):
        video = self.copy / "base/video.mp4"
        whole = video.stat().st_size
        self.cut("base/video.mp4")
        compared = isoframe("compare", video, self.copy / "u2/video.mp4")
        self.assertEqual((compared.returncode, compared.stderr.count("\n")), (2, 1), compared.stderr)
        self.assertIn(f"{video}: not a readable video (moov atom not found)", compared.stderr)
        done = isoframe("report", self.copy)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(video.stat().st_size, whole)

    def test_a_file_of_a_run_names_its_directory(self):
        done = isoframe("report", self.copy / "run.json", "--against", self.out / "run.json", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(json.loads(done.stdout)["against"], str(self.out))
        done = isoframe("report", "report.html", "--json", cwd=self.copy)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = isoframe("baseline", "save", self.copy / "suite.json", "--history", self.root / "by a file.sqlite")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"{self.copy} is a baseline now", done.stdout)
        frames = self.out / "base/frames.safetensors"
        for command in (("report", frames), ("report", self.copy, "--against", frames), ("baseline", "save", frames),
                        ("run", self.scenario, "--against", frames)):
            with self.subTest(command=command[:2]):
                done = isoframe(*command)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
                self.assertIn(f"{frames} is a file; name a run directory", done.stderr)

    def test_a_baseline_that_was_asked_for_anew_alone_is_no_baseline(self):
        edited = self.root / "another seed" / self.scenario.name
        edited.parent.mkdir()
        text = self.scenario.read_text()
        edited.write_text(text.replace("  seed: 5", "  seed: 6"))
        done = self.resume("--filter", "base", scenario=edited)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "untrusted"})
        self.assertIn("its baseline 'base' was measured with other seed", cases_of(self.copy)["u2"]["reason"])

    def test_a_suite_that_names_no_folder_of_the_run_is_refused(self):
        suite = self.copy / "suite.json"
        whole = suite.read_text()
        for change, problem in ((lambda cases: cases[1].update(name="../x"), "a case is named '../x'"),
                                (lambda cases: cases.append(cases[1]), "two cases are named 'u2'"),
                                (lambda cases: cases[1].update(baseline="nope"), "has the baseline 'nope'"),
                                (lambda cases: cases[1].update(repeat=0), "'cases[1]': the case's 'repeat' is 0, below 1"),
                                (lambda cases: cases[1].update(repeat=10**9), "'repeat' is 1000000000, above 1000000"),
                                (lambda cases: cases[1].pop("gates"), "'gates', 'skip_reason' and 'where' is missing")):
            self.change("suite.json", lambda record: change(record["cases"]))
            done = isoframe("report", self.copy)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
            self.assertIn(problem, done.stderr)
            suite.write_text(whole)
        self.change("suite.json", lambda record: record.update(schema_version=99))
        newer = suite.read_text()
        for done in (isoframe("report", self.copy), self.resume()):
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)
            self.assertIn("suite.json: 'schema_version' is 99: written by a newer isoframe", done.stderr)
        self.assertEqual(suite.read_text(), newer)

    def test_a_case_that_no_scenario_file_names_any_more_is_noted_and_left_out(self):
        folder = self.root / "two files"
        folder.mkdir()
        edited, other = folder / self.scenario.name, folder / "other.yaml"
        edited.write_text(self.scenario.read_text().replace("  - name: u2\n    layout: ulysses=2\n    baseline: base\n", ""))
        other.write_text(SKIPPED)
        done = self.resume("--allow-skipped", scenario=other)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.verdicts(), {"base": "passed", "u2": "passed", "gpu": "skipped"})
        self.change("suite.json", lambda suite: suite.update(scenarios=[str(other), str(edited)]))
        done = self.resume("--allow-skipped", scenario=other)
        self.assertEqual(done.stderr.count("NOTE case 'u2' is no longer in scenario.yaml"), 1, done.stderr)
        for printed in (done.stdout, isoframe("report", self.copy).stdout):
            self.assertEqual(printed.count("NOTE the run: no scenario file names u2 any more"), 1, printed)
        self.assertEqual(self.verdicts(), {"base": "passed", "gpu": "skipped"})
        self.assertTrue((self.copy / "u2/frames.safetensors").exists())
        # A file that is not there any more tells nothing of its cases.
        edited.unlink()
        self.resume("--allow-skipped", scenario=other)
        self.assertEqual(self.verdicts(), {"base": "passed", "gpu": "skipped"})

    def test_a_failure_while_measuring_again_is_a_note_and_tried_again(self):
        for case in ("base", "u2"):
            round_ = self.copy / case / ".rounds" / "2"
            round_.mkdir()
            (round_ / "error.json").write_text('{"rank": 0, "stage": "", "message": "boom", "last_words": ""}')
        reported = isoframe("report", self.copy)
        self.assertEqual(reported.returncode, 0, reported.stdout)
        self.assertRegex(reported.stdout, "NOTE all 2 cases: measuring it again failed in round 3.*boom")
        done = self.resume()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertFalse((self.copy / "base/.rounds/2").exists())

    def test_a_document_that_cannot_be_written_is_a_warning_beside_the_others(self):
        for name in ("report.html", "trace.json"):
            (self.copy / name).unlink()
            (self.copy / name).mkdir()
        (self.copy / "junit.xml").unlink()
        reported = isoframe("report", self.copy, env=os.environ | {"GITHUB_STEP_SUMMARY": "/dev/full"})
        self.assertEqual(reported.returncode, 0, reported.stderr)
        self.assertIn("2 of 2 cases passed", reported.stdout)
        for what in ("report.html", "trace.json", "step summary"):
            self.assertRegex(reported.stderr, f"warning: .*{what}")
        self.assertTrue((self.copy / "junit.xml").exists())
        self.assertIn(f"report: {self.copy}/report.md\n", reported.stdout)
        self.assertNotIn("report.html", reported.stdout)
        # run.json is what programs go by: without it the others are written and the exit code says so.
        (self.copy / "run.json").unlink()
        (self.copy / "run.json").mkdir()
        (self.copy / "junit.xml").unlink()
        reported = isoframe("report", self.copy)
        self.assertEqual(reported.returncode, 3, reported.stderr)
        self.assertIn("2 of 2 cases passed", reported.stdout)
        self.assertTrue((self.copy / "junit.xml").exists())

    def test_a_report_elsewhere_leaves_the_run_as_it_is(self):
        (self.copy / "base/.rounds/prediction-1.json").unlink()
        (self.copy / "base/video.mp4").unlink()

        def state():
            return {str(p): p.stat().st_mtime_ns for p in [self.copy, *self.copy.rglob("*")]}

        before = state()
        out = self.root / "elsewhere reports"
        reported = isoframe("report", self.copy, "--out", out)
        self.assertEqual(reported.returncode, 0, reported.stderr)
        self.assertEqual(state(), before)
        for name in ("run.json", "report.md", "report.html", "junit.xml", "trace.json", "u2/result.json"):
            self.assertTrue((out / name).exists(), name)
        self.assertIn(str(out), reported.stdout)
        refused = isoframe("report", self.copy, "--out", self.out)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("holds another run", refused.stderr)
        before = state()
        for within in (self.copy / "u2", self.copy / "u2" / ".rounds" / "0", self.copy / "documents"):
            refused = isoframe("report", self.copy, "--out", within)
            self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1), refused.stderr)
            self.assertIn("lies within the run directory", refused.stderr)
        self.assertEqual(state(), before)
        equal = isoframe("report", self.copy, "--out", self.copy / "u2" / "..")
        self.assertEqual(equal.returncode, 0, equal.stderr)
        self.assertTrue((self.copy / "base/video.mp4").exists())

    def test_a_disk_that_is_full_is_the_error_of_each_case(self):
        disk = self.root / "small disk"
        disk.mkdir()
        mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=32k small "$0" && shift && exec "$@"', disk]
        if subprocess.run([*mount, "-", "true"], capture_output=True).returncode:
            self.skipTest("no file system can be mounted here")
        command = [ISOFRAME, "run", self.scenario, "--out", disk / "run"]
        done = subprocess.run([*mount, "-", *command], capture_output=True, text=True)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        for name in ("base", "u2"):
            self.assertRegex(done.stdout, f"ERROR {name} .*No space left on device")
        self.assertNotIn("not run", done.stdout)

    # Who may measure in it, and what is left behind

    def test_a_second_run_in_the_directory_is_refused_and_told_who_is_there(self):
        with open(self.copy / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("4711 node-7 2026-01-31T09:05:00Z\n")
            lock.flush()
            refused = self.resume()
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertEqual(refused.stderr.count("\n"), 1)
            self.assertIn("in use by process 4711 on node-7, since 2026-01-31T09:05:00Z", refused.stderr)
            self.assertEqual(isoframe("report", self.copy).returncode, 0)
        # Whoever held it is gone.
        done = self.resume()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse((self.copy / ".lock").exists())

    def test_runs_of_the_same_second_have_names_of_their_own(self):
        folder = self.root / "same second"
        folder.mkdir()
        (folder / "skipped.yaml").write_text(SKIPPED)
        command = [os.path.abspath(ISOFRAME), "run", "skipped.yaml", "--allow-skipped", "--history", "h.sqlite"]
        runs = [subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for run in runs:
            out, error = run.communicate(timeout=60)
            self.assertEqual(run.returncode, 0, out + error)
        self.assertEqual(len(list(folder.glob("runs/*/run.json"))), 4)

    def test_what_a_killed_process_left_is_removed_and_a_living_ones_is_not(self):
        temporary = self.root / "temporary"
        left = [temporary / "isoframe-4711.a1B2c3", temporary / "isoframe-4712.a1B2c3"]
        for folder in left:
            folder.mkdir(parents=True)
            (folder / "store").write_text("x")
        (temporary / "isoframe-notes").mkdir()
        abandoned = self.copy / "u2" / ".result.json.isoframe-a1B2c3"
        living = self.copy / "u2" / ".video.mp4.isoframe-d4E5f6.mp4"
        for file in (abandoned, living):
            file.write_text("half")
        folder = os.open(left[1], os.O_RDONLY)
        self.addCleanup(os.close, folder)
        fcntl.flock(folder, fcntl.LOCK_EX)
        with open(living) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            done = isoframe("report", self.copy, env=os.environ | {"TMPDIR": str(temporary)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(f.name for f in temporary.iterdir()), ["isoframe-4712.a1B2c3", "isoframe-notes"])
        self.assertFalse(abandoned.exists())
        self.assertTrue(living.exists())

    def start(self, program, *options, scenario=None):
        out = self.root / f"{self._testMethodName} run"
        process = subprocess.Popen(
            [program, "run", scenario or self.scenario, "--out", out, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        wait_for(lambda: ranks_of(process.pid) or process.poll() is not None, "a rank")
        return process, out

    def test_signals_that_come_together_end_a_run_with_a_report(self):
        for signals in ((signal.SIGHUP,), (signal.SIGTERM, signal.SIGTERM)):
            with self.subTest(signals):
                process, out = self.start(ISOFRAME)
                for number in signals:
                    process.send_signal(number)
                    time.sleep(0.01)
                stdout, stderr = process.communicate(timeout=30)
                self.assertEqual(process.returncode, 3, stdout + stderr)
                self.assertTrue(json.loads((out / "run.json").read_text())["interrupted"])
                shutil.rmtree(out)

    def replaced(self, *options, **more):
        """Runs the baseline with a program that is replaced once its first rank has started; returns process and folder."""
        program = self.root / "bin" / "isoframe"
        program.parent.mkdir(exist_ok=True)
        shutil.copy(ISOFRAME, program)
        process, out = self.start(program, "--filter", "base", *options, **more)
        new = program.with_name("new")
        new.write_text("#!/bin/sh\nexit 9\n")
        new.chmod(0o755)
        new.rename(program)
        stdout, stderr = process.communicate(timeout=60)
        return process, out, stdout + stderr

    def test_a_program_that_is_replaced_goes_on_with_what_was_started(self):
        process, out, printed = self.replaced()
        self.assertEqual(process.returncode, 0, printed)
        self.assertEqual(self.verdicts(out), {"base": "passed"})

    def test_a_launcher_does_not_start_another_program_than_the_one_that_runs(self):
        rank = "RANK=0 LOCAL_RANK=0 WORLD_SIZE=1 MASTER_ADDR=127.0.0.1 MASTER_PORT=29517"
        launcher = ("--launcher", f"env {rank} {{worker}}")
        # Ranks that stay are started once: the second round needs no other program.
        process, out, printed = self.replaced(*launcher)
        self.assertEqual(process.returncode, 0, printed)
        self.assertEqual(self.verdicts(out), {"base": "passed"})
        shutil.rmtree(out)
        each_round = self.root / "a process a round" / self.scenario.name
        each_round.parent.mkdir()
        each_round.write_text(self.scenario.read_text().replace("defaults:\n", "defaults:\n  resident: false\n"))
        process, out, printed = self.replaced(*launcher, scenario=each_round)
        self.assertEqual(process.returncode, 3, printed)
        self.assertEqual(self.verdicts(out), {"base": "error"})
        self.assertIn("bin/isoframe was replaced or removed while it ran", cases_of(out)["base"]["reason"])


if __name__ == "__main__":
    unittest.main()
