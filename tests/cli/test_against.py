#!/usr/bin/env python3
"""A run beside an earlier one: what could not be judged is said and, where it was asked for, is not passed.

ISOFRAME_BIN names the program.  One run is measured; the earlier ones are copies of it with something changed, and are
judged by `report`, which measures nothing.
"""

import json
import os
import shutil
import unittest

from common import CheckpointTest, cases_of, isoframe

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


class Against(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SCENARIO)
        assert cls.ran.returncode == 0, cls.ran.stdout + cls.ran.stderr
        cls.now = cls.root / "now"

    def setUp(self):
        shutil.rmtree(self.now, ignore_errors=True)
        shutil.copytree(self.out, self.now)
        self.earlier = self.root / self._testMethodName
        shutil.copytree(self.out, self.earlier)

    def change(self, path, edit):
        file = self.earlier / path
        record = json.loads(file.read_text())
        edit(record)
        file.write_text(json.dumps(record))

    def report(self, *options):
        """Judges the run beside the earlier one; returns the process and the cases."""
        process = isoframe("report", self.now, "--against", self.earlier, *options)
        self.assertIn(process.returncode, (0, 1), process.stderr)
        return process, cases_of(self.now)

    def documents(self):
        return {name: (self.now / name).read_text() for name in ("report.md", "report.html", "junit.xml")}

    def test_too_few_repetitions_are_said_everywhere_and_passed_unless_required(self):
        process, cases = self.report()
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertIn("2 of 2 cases passed; not judged: latency of 2 cases", process.stdout)
        self.assertIn("NOT JUDGED all 2 cases: latency was not judged: 2 repetitions now and 2 then, at least 5 needed", process.stdout)
        self.assertEqual([one["what"] for one in cases["u2"]["not_judged"]], ["latency"])
        self.assertEqual(cases["u2"]["not_judged"][0]["remedy"], "--repeat 10 in both runs")
        for name, text in self.documents().items():
            self.assertIn("at least 5 needed", text, name)
        process, cases = self.report("--require", "frames,memory")
        self.assertEqual(process.returncode, 0, process.stdout)
        process, cases = self.report("--require", "frames,memory,latency")
        self.assertEqual(process.returncode, 1)
        self.assertEqual({case["verdict"] for case in cases.values()}, {"untrusted"})
        self.assertIn("latency was not judged, though required", cases["base"]["reason"])

    def test_annotations_name_what_was_not_judged(self):
        environment = os.environ | {"GITHUB_ACTIONS": "true"}
        process = isoframe("report", self.now, "--against", self.earlier, env=environment)
        self.assertIn("::warning title=isoframe::all 2 cases: latency was not judged", process.stderr)

    def test_an_unlike_machine_is_judged_by_frames_only_and_says_so(self):
        self.change("run.json", lambda run: run["environment"].update(cpu="another"))
        process, cases = self.report()
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertIn("memory and latency were not judged: unlike the earlier run: cpu: \"another\" then", process.stdout)
        self.assertEqual({one["what"] for one in cases["base"]["not_judged"]}, {"memory", "latency"})
        process, cases = self.report("--require", "memory")
        self.assertEqual({case["verdict"] for case in cases.values()}, {"untrusted"})

    def test_another_content_of_the_checkpoint_is_another_video(self):
        self.change("u2/result.json", lambda result: result["origins"][-1]["origin"]["checkpoint"].update(transformer="0" * 16))
        process, cases = self.report()
        self.assertEqual(process.returncode, 1)
        self.assertEqual({name: case["verdict"] for name, case in cases.items()}, {"base": "passed", "u2": "untrusted"})
        self.assertIn("made another video: the content of the checkpoint's transformer", cases["u2"]["reason"])
        # Where machines are unlike, synthetic weights may be, too.
        self.change("run.json", lambda run: run["environment"].update(cpu="another"))
        _, cases = self.report()
        self.assertIn("the content of the checkpoint's transformer", cases["u2"]["not_judged"][0]["why"])
        self.assertEqual(cases["u2"]["verdict"], "passed")

    def test_memory_sizes_are_alike_but_for_a_tenth(self):
        self.change("run.json", lambda run: run["environment"].update(memory_bytes=run["environment"]["memory_bytes"] + 4096))
        self.change("u2/result.json", lambda result: [rank.update(peak_tensor_bytes=1) for rank in result["ranks"]])
        _, cases = self.report()
        self.assertEqual(cases["u2"]["verdict"], "failed")
        self.assertIn("more tensor memory than in the earlier run", cases["u2"]["reason"])
        self.change("run.json", lambda run: run["environment"].update(memory_bytes=2 * run["environment"]["memory_bytes"]))
        _, cases = self.report()
        self.assertIn("unlike the earlier run: memory_bytes", cases["u2"]["not_judged"][0]["why"])

    def test_limits_and_variables_that_change_speed_are_compared(self):
        self.change("run.json", lambda run: run["environment"].update(limits={"cores": 64.0}))
        self.assertIn("limits", self.report()[1]["base"]["not_judged"][0]["why"])
        self.change("run.json", lambda run: run["environment"].update(limits=cases_environment(self.now)["limits"],
                                                                       variables={"ATEN_CPU_CAPABILITY": "avx2"}))
        self.assertIn("ATEN_CPU_CAPABILITY", self.report()[1]["base"]["not_judged"][0]["why"])

    def test_a_filter_does_not_make_machines_unlike(self):
        self.change("run.json", lambda run: run["environment"].update(threads_per_rank=[1, 2], device=["cpu", "cuda"]))
        _, cases = self.report("--require", "frames,memory")
        self.assertEqual({case["verdict"] for case in cases.values()}, {"passed"})

    def test_a_new_case_is_called_new_and_passes_by_its_own_gates(self):
        self.change("run.json", lambda run: run.update(cases=[case for case in run["cases"] if case["name"] != "u2"]))
        shutil.rmtree(self.earlier / "u2")
        process, cases = self.report("--require", "frames,memory")
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertIn("NOTE u2: new: the earlier run has no case of this name", process.stdout)
        for name, text in self.documents().items():
            self.assertIn("new: the earlier run has no case of this name", text, name)

    def test_a_run_without_a_common_case_is_not_trusted(self):
        self.change("run.json", lambda run: [case.update(name="other " + case["name"]) for case in run["cases"]])
        process, cases = self.report()
        self.assertEqual(process.returncode, 1)
        self.assertEqual({case["verdict"] for case in cases.values()}, {"untrusted"})
        self.assertIn("has no case in common with this one: other base, other u2 there, base, u2 here", cases["base"]["reason"])

    def test_missing_frames_or_records_are_not_trusted(self):
        for missing in ("frames.safetensors", "result.json"):
            (self.earlier / "u2" / missing).unlink()
            process, cases = self.report()
            self.assertEqual(process.returncode, 1, missing)
            self.assertEqual(cases["u2"]["verdict"], "untrusted", missing)
            self.assertIn(missing, cases["u2"]["reason"])
            self.assertEqual(cases["base"]["verdict"], "passed")

    def test_damaged_records_cost_their_case_only(self):
        (self.earlier / "u2" / "result.json").write_text("{")
        process, cases = self.report()
        self.assertEqual((cases["u2"]["verdict"], cases["base"]["verdict"]), ("untrusted", "passed"), process.stdout)
        self.assertIn("the earlier run cannot be read", cases["u2"]["reason"])

    def test_what_was_not_measured_then_is_not_trusted_now(self):
        self.change("run.json", lambda run: run["cases"][1].update(verdict="error", reason="rank 1 was killed"))
        _, cases = self.report()
        self.assertEqual(cases["u2"]["verdict"], "untrusted")
        self.assertIn("the earlier run has no measurement of it: error there, rank 1 was killed", cases["u2"]["reason"])

    def test_other_requests_under_one_name_are_not_compared(self):
        for key, then in (("steps", 2), ("dtype", "bfloat16"), ("threads_per_rank", 2), ("guidance_scale", 3.0)):
            shutil.copy(self.out / "u2" / "result.json", self.earlier / "u2")
            self.change("u2/result.json", lambda result: result["case"].update({key: then}))
            _, cases = self.report()
            self.assertEqual(cases["u2"]["verdict"], "untrusted", key)
            self.assertIn(f"the earlier run made another video: {key}", cases["u2"]["reason"])

    def test_times_in_units_of_another_baseline_are_not_judged(self):
        self.change("u2/result.json", lambda result: result.update(baseline="u1"))
        _, cases = self.report()
        self.assertIn("its baseline was 'u1' then and is 'base' now", cases["u2"]["not_judged"][0]["why"])

    def test_a_repetition_of_a_baseline_that_differs_makes_it_untrusted(self):
        """Any of them, not only the second."""
        for index in (2, 3, 4):
            shutil.copytree(self.now / "base/.rounds/1", self.now / f"base/.rounds/{index}")
        file = self.now / "base/.rounds/3/repeat.json"
        repeat = json.loads(file.read_text())
        repeat["identical"] = False
        repeat["psnr"]["mean"] = 33.7
        repeat["ssim"]["mean"] = 0.9
        file.write_text(json.dumps(repeat))
        process = isoframe("report", self.now)
        self.assertEqual(process.returncode, 1, process.stdout)
        cases = cases_of(self.now)
        self.assertEqual({case["verdict"] for case in cases.values()}, {"untrusted"})
        self.assertIn("1 of 5 repetitions differ from the first, PSNR down to 33.70 dB (repetition 4)", cases["base"]["reason"])
        self.assertEqual(cases["base"]["aa"]["psnr"], 33.7)
        self.assertIn("does not repeat itself", cases["u2"]["reason"])

    def test_variables_that_break_identity_do_not_reach_ranks(self):
        out = self.root / "cleared"
        environment = os.environ | {"MKL_CBWR": "COMPATIBLE", "OMP_PROC_BIND": "true", "DNNL_MAX_CPU_ISA": "AVX2"}
        process = isoframe("run", self.scenario, "--out", out, env=environment)
        self.assertEqual(process.returncode, 0, process.stdout)
        self.assertTrue(cases_of(out)["u2"]["identical"])
        found = cases_environment(out)
        self.assertEqual(found["cleared_variables"], ["MKL_CBWR", "OMP_PROC_BIND"])
        self.assertEqual(found["variables"]["DNNL_MAX_CPU_ISA"], "AVX2")
        self.assertEqual(found["cores"], cases_environment(self.out)["cores"], "OpenMP pins what starts the ranks, too")
        self.assertIn("DNNL\\_MAX\\_CPU\\_ISA=AVX2", (out / "report.md").read_text())
        ranks = isoframe("report", out, "--against", self.earlier)
        self.assertIn("variables: {} then", ranks.stdout)

    def test_require_needs_an_earlier_run_and_known_words(self):
        for options in (("--require", "frames"), ("--against", self.earlier, "--require", "speed")):
            process = isoframe("report", self.now, *options)
            self.assertEqual(process.returncode, 2)
            self.assertEqual(len(process.stderr.strip().splitlines()), 1, process.stderr)


def cases_environment(run):
    return json.loads((run / "run.json").read_text())["environment"]


SKIPPED = """
version: 1
checkpoint: {checkpoint}
defaults: {{prompt: x, height: 64, width: 96, frames: 1, steps: 1, seed: 5, device: cuda}}
cases: [{{name: base}}]
"""


class NothingJudged(CheckpointTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_once(SKIPPED)

    def test_a_run_of_skipped_cases_is_no_success(self):
        self.assertEqual(self.ran.returncode, 1, self.ran.stderr)
        self.assertIn("0 of 1 case passed: 1 skipped", self.ran.stdout)
        self.assertIn("nothing was judged; --allow-skipped accepts that", self.ran.stderr)
        self.assertEqual(isoframe("report", self.out).returncode, 1)
        self.assertEqual(isoframe("report", self.out, "--allow-skipped").returncode, 0)

    def test_it_is_no_baseline(self):
        save = isoframe("baseline", "save", self.out, "--history", self.root / "history.sqlite")
        self.assertEqual(save.returncode, 2)
        self.assertIn("has no case that passed", save.stderr)

    def test_nor_is_a_run_that_was_interrupted_or_never_finished(self):
        for key, value, why in (("interrupted", True, "was interrupted"), ("finished", None, "has not finished")):
            run = self.root / key
            shutil.copytree(self.out, run)
            record = json.loads((run / "run.json").read_text())
            record[key] = value
            record["cases"][0]["verdict"] = "passed"
            (run / "run.json").write_text(json.dumps(record))
            save = isoframe("baseline", "save", run, "--history", self.root / "history.sqlite")
            self.assertEqual(save.returncode, 2, key)
            self.assertIn(why, save.stderr)


if __name__ == "__main__":
    unittest.main()
