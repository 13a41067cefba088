#!/usr/bin/env python3
"""Tests of cases that other engines run: what may run, what is skipped, and what an engine can do wrong.

The engine is tests/engine/fake_engine.py, which has no model.  ISOFRAME_BIN names the program.
"""

import json
import pathlib
import re
import shutil
import sys
import unittest

from common import CheckpointTest, isoframe

FAKE = pathlib.Path(__file__).resolve().parents[1] / "engine/fake_engine.py"
HEAD = """
version: 1
checkpoint: {checkpoint}
engines:
{engines}
defaults: {{prompt: a lighthouse, height: 64, width: 64, frames: 1, steps: 2, seed: 5, timeout_seconds: 60,
  tiling: {{tile_size: 64, overlap: 0.25}}}}
cases:
"""
SOUND = {"fake": []}


def engine(name, arguments, **keys):
    # JSON is YAML.
    command = [sys.executable, str(FAKE), *arguments]
    return f"  {name}: {json.dumps({'command': command} | keys)}\n"


class Engines(CheckpointTest):
    def scenario(self, cases, engines=SOUND, name="engines", **keys):
        file = self.root / f"{name}.yaml"
        described = "".join(engine(called, arguments, **keys) for called, arguments in engines.items())
        lines = [f"  - {json.dumps(case)}\n" for case in cases]
        file.write_text(HEAD.format(checkpoint=json.dumps(str(self.checkpoint)), engines=described) + "".join(lines))
        return file

    def run_cases(self, cases, *options, expected=0, out="out", **keys):
        folder = self.root / out
        if "--resume" not in options:
            shutil.rmtree(folder, ignore_errors=True)
        done = isoframe("run", self.scenario(cases, **keys), "--out", folder, "--allow-engines", *options)
        self.assertEqual(done.returncode, expected, done.stdout + done.stderr)
        run = json.loads((folder / "run.json").read_text())
        return {row["name"]: row for row in run["cases"]}, done

    def test_a_scenarios_command_runs_only_if_the_command_line_says_so(self):
        file = self.scenario([{"name": "a", "engine": "fake"}])
        refused = isoframe("run", file, "--out", self.root / "refused")
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(
            refused.stderr, r"engines\.yaml:\d+:\d+: case 'a' runs engine 'fake', whose command comes from the scenario"
            r" file: .*fake_engine\.py'?; if it may run, add --allow-engine fake, or --allow-engines for all\n$"
        )
        self.assertFalse((self.root / "refused").exists())
        other = isoframe("run", file, "--out", self.root / "refused", "--allow-engine", "fakes")
        self.assertEqual(other.returncode, 2)
        allowed = isoframe("run", file, "--out", self.root / "allowed", "--allow-engine", "fake")
        self.assertEqual(allowed.returncode, 0, allowed.stderr)
        run = json.loads((self.root / "allowed/run.json").read_text())
        self.assertIn("--allow-engine fake", run["cases"][0]["command"])
        # Looking at a scenario runs nothing.
        self.assertEqual(isoframe("validate", file).returncode, 0)
        # Nor does a filter that leaves the engine's cases out.
        both = self.scenario([{"name": "a", "engine": "fake"}, {"name": "ours"}], name="both")
        self.assertEqual(isoframe("run", both, "--filter", "ours", "--out", self.root / "ours").returncode, 0)
        unknown = isoframe("run", both, "--filter", "ours", "--allow-engine", "fake", "--out", self.root / "other")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("--allow-engine fake: no case runs an engine of that name", unknown.stderr)

    def test_what_a_scenario_says_of_engines_is_checked(self):
        def error(cases, engines="  fake: {command: [fake]}\n"):
            file = self.root / "wrong.yaml"
            file.write_text(HEAD.format(checkpoint="x", engines=engines) + "".join(f"  - {case}\n" for case in cases))
            done = isoframe("validate", file)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertRegex(done.stderr, r"wrong\.yaml:\d+:\d+: ")
            return done.stderr

        self.assertIn("engine 'fak' is none of the file's `engines`; did you mean 'fake'?", error(["{name: a, engine: fak}"]))
        self.assertIn("engine_options are for other engines", error(["{name: a, engine_options: {a: 1}}"]))
        self.assertIn("needs a baseline whose noise it is", error(["{name: a, engine: fake, noise: shared}"]))
        self.assertIn("a launcher starts isoframe's own ranks", error(["{name: a, engine: fake, launcher: 'mpirun {worker}'}"]))
        self.assertIn("engine 'isoframe' is this program", error(["{name: a}"], "  isoframe: {command: [x]}\n"))
        self.assertIn("engine 'fake' has no command", error(["{name: a}"], "  fake: {resident: false}\n"))
        self.assertIn("is not a list of words", error(["{name: a}"], "  fake: {command: python3 engine.py}\n"))
        self.assertIn("unknown key 'comand'", error(["{name: a}"], "  fake: {comand: [x]}\n"))
        self.assertIn("'A=B' is no name of an environment variable", error(["{name: a}"], "  fake: {command: [x], environment: {A=B: 1}}\n"))
        self.assertIn("engine_options wants a mapping", error(["{name: a, engine: fake, engine_options: 3}"]))

    def test_sound_engines_are_judged_and_their_ranks_stay(self):
        base = {"name": "base", "engine": "fake"}
        near = {"name": "near", "engine": "fake", "baseline": "base", "layout": "ulysses=2"}
        far = {"name": "far", "engine": "fake", "baseline": "base", "layout": "ulysses=2", "engine_options": {"offset": 0.01}}
        shared = {"name": "shared", "engine": "fake", "baseline": "base", "noise": "shared"}
        rows, _ = self.run_cases([shared, base, near, far], expected=1)
        self.assertEqual({name: row["verdict"] for name, row in rows.items()},
                         {"shared": "passed", "base": "passed", "near": "passed", "far": "failed"})
        self.assertTrue(rows["near"]["identical"])
        self.assertTrue(rows["shared"]["identical"])
        self.assertEqual(rows["near"]["engine"], "fake")
        self.assertEqual(rows["near"]["engine_facts"]["engine"], "fake 1")
        self.assertEqual(rows["near"]["numerics"], "bounded")
        self.assertRegex(rows["far"]["reason"], "relative L2")
        processes = {}
        for name in rows:
            for rank in json.loads((self.root / "out" / name / "result.json").read_text())["ranks"]:
                processes.setdefault(name, []).append(rank["pid"])
        self.assertEqual(processes["base"], processes["shared"])
        self.assertEqual(processes["near"], processes["far"])

    def test_ranks_that_the_engine_starts_answer_for_all(self):
        base = {"name": "base", "engine": "fake"}
        four = {"name": "four", "engine": "fake", "layout": "ulysses=2,cfg=2", "baseline": "base"}
        rows, _ = self.run_cases([base, four], ranks="engine", out="whole")
        self.assertEqual(rows["four"]["verdict"], "passed")
        ranks = json.loads((self.root / "whole/four/result.json").read_text())["ranks"]
        self.assertEqual([rank["rank"] for rank in ranks], [0, 1, 2, 3])
        self.assertEqual(len({rank["pid"] for rank in ranks}), 1)

    def test_a_layout_is_held_against_its_own_single_rank(self):
        """An offset stands for the difference of two models, or for a fault of a layout."""
        base = {"name": "base", "engine": "fake"}
        single = {"name": "single", "engine": "other", "baseline": "base"}
        layout = {"name": "layout", "engine": "other", "baseline": "base", "layout": "ulysses=2"}
        engines = {"fake": [], "other": []}
        rows, _ = self.run_cases([base, single, layout], engines=engines, out="agree")
        self.assertEqual((rows["layout"]["verdict"], rows["layout"]["own_single"]["stands_alone"]), ("passed", ""))
        self.assertEqual(rows["layout"]["own_single"]["name"], "single")
        # The same options in both: the layout agrees with its own single rank, the baseline stands alone.
        moved = [case | {"engine_options": {"offset": 0.02}} for case in (single, layout)]
        rows, _ = self.run_cases([base, *moved], engines=engines, expected=1, out="models")
        self.assertRegex(rows["layout"]["own_single"]["stands_alone"], "^base stands alone: layout and single agree")
        self.assertNotIn("its layout changes frames", rows["layout"]["reason"])
        wrong = [case | {"engine_options": {"offset_of_layouts": 0.02}} for case in (single, layout)]
        rows, _ = self.run_cases([base, *wrong], engines=engines, expected=1, out="layouts")
        self.assertEqual(rows["single"]["verdict"], "passed")
        self.assertRegex(rows["layout"]["own_single"]["stands_alone"], "^layout stands alone: single and base agree")
        self.assertRegex(rows["layout"]["reason"], "its layout changes frames: relative L2 .* against its own single rank 'single'")

    def test_what_an_engine_does_wrong_costs_its_own_case_and_is_said_in_one_line(self):
        of_cases = {
            "claims-too-much": ("skipped", "the fake engine has no t2v after all"),
            "hangs-at-load": ("error", "2 s; rank 0, heard from longest ago, was in stage 'load'"),
            "dies-at-load": ("error", "rank 0 exited with 7 in stage 'load'"),
            "hangs-at-generate": ("error", "2 s; rank 0, heard from longest ago, was in stage 'denoise"),
            "never-done": ("error", "not done within 2 s"),
            "dies-at-generate": ("error", "rank 0 exited with 7 in stage 'denoise"),
            "is-killed-at-generate": ("error", "rank 0 was killed by signal 9"),
            "prints-garbage": ("error", "is not an answer: no JSON object"),
            "answers-twice": ("error", "the engine answered (twice|request \\d+ in place of \\d+)"),
            "answers-another-id": ("error", "the engine answered request \\d+ in place of \\d+"),
            "answers-another-request": ("error", "the engine's answer belongs to another request"),
            "leaves-other-size": ("error", "holds F32 frames of shape \\[1, 64, 48, 3\\], not float32 frames of shape \\[1, 64, 64, 3\\]"),
            "leaves-other-number-of-frames": ("error", "frames of shape \\[2, 64, 64, 3\\], not"),
            "leaves-nan": ("error", "'frames' holds NaN or infinity"),
            "leaves-other-latents": ("error", "latents.safetensors: holds F32 noise of shape"),
            "leaves-no-frames": ("error", "frames.safetensors is missing"),
            "leaves-no-latents": ("error", "latents.safetensors is missing"),
            "leaves-no-record": ("error", "rank-0.json"),
            "leaves-negative-time": ("error", "rank-0.json: 'total_seconds' is -.*, not above 0"),
        }
        of_programs = {
            "dies-before-hello": "rank 0 exited with 7 before its first stage",
            "never-says-hello": "no progress for 2 s|not done within 2 s",
            "prints-garbage-for-hello": "is not an answer: no JSON object",
            "says-hello-of-wrong-rank": "the engine calls rank 0 rank 1",
            "speaks-protocol-2": "speaks protocol 2; this isoframe speaks 1",
        }
        quick = {"timeout_seconds": 2, "repeat": 1, "engine": "fake"}
        cases = [{"name": "sound", "engine": "fake"}, {"name": "ours"}]
        cases += [{"name": mode, "engine_options": {"becomes": mode}} | quick for mode in of_cases]
        cases += [{"name": mode} | quick | {"engine": mode} for mode in of_programs]
        cases += [{"name": "no-program"} | quick | {"engine": "none"}]
        engines = SOUND | {mode: ["--becomes", mode] for mode in of_programs}
        file = self.scenario(cases, engines=engines)
        file.write_text(file.read_text().replace("defaults:", "  none: {command: [/no/such/engine]}\ndefaults:"))
        out = self.root / "wrong"
        done = isoframe("run", file, "--out", out, "--allow-engines")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        rows = {row["name"]: row for row in json.loads((out / "run.json").read_text())["cases"]}
        expected = of_cases | {mode: ("error", why) for mode, why in of_programs.items()}
        expected["no-program"] = ("error", "cannot run /no/such/engine: No such file or directory")
        for name, (verdict, why) in expected.items():
            with self.subTest(name):
                self.assertEqual(rows[name]["verdict"], verdict, rows[name])
                self.assertRegex(rows[name]["reason"], re.compile(why))
                self.assertNotIn("\n", rows[name]["reason"])
        for name in ("sound", "ours"):
            self.assertEqual(rows[name]["verdict"], "passed", rows[name])
        self.assertEqual(len(expected) + 2, len(rows))

    def test_what_an_engine_says_that_it_lacks_is_skipped_without_asking(self):
        cases = [{"name": "sound", "engine": "fake"}, {"name": "gpu", "engine": "fake", "device": "cuda", "dtype": "float32"}]
        rows, _ = self.run_cases(cases, out="lacks")
        self.assertEqual(rows["gpu"]["verdict"], "skipped")
        self.assertEqual(rows["gpu"]["reason"], "fake 1 says that it has no cuda (its devices: cpu)")
        self.assertFalse((self.root / "lacks/gpu/.rounds").exists())

    def test_a_run_directory_has_no_commands_run(self):
        """Cases that this command line leaves out are judged again; what would run them again is not allowed."""
        cases = [{"name": "ours"}, {"name": "base", "engine": "fake"},
                 {"name": "far", "engine": "fake", "baseline": "base", "engine_options": {"offset": 0.01}}]
        marker = self.root / "started"
        file = self.scenario(cases, name="marked")
        script = f"touch {json.dumps(str(marker))}; exec {json.dumps(sys.executable)} {json.dumps(str(FAKE))}"
        text = file.read_text().replace(json.dumps([sys.executable, str(FAKE)]), json.dumps(["sh", "-c", script]))
        file.write_text(text)
        out = self.root / "marked"
        first = isoframe("run", file, "--out", out, "--allow-engines")
        self.assertEqual(first.returncode, 1, first.stderr)
        self.assertTrue(marker.exists())
        marker.unlink()
        second = isoframe("run", file, "--out", out, "--resume", "--filter", "ours", "--locate")
        self.assertEqual(second.returncode, 1, second.stderr)
        self.assertIn("far", second.stdout)
        self.assertFalse(marker.exists(), "a command ran that nobody allowed")

    def test_another_engine_is_measured_again_and_the_same_is_not(self):
        cases = [{"name": "base", "engine": "fake"}]
        copy = self.root / "copy"
        shutil.copytree(FAKE.parents[2] / "harness/engine/adapters", copy / "harness/engine/adapters")
        shutil.copytree(FAKE.parent, copy / "tests/engine")
        fake = copy / "tests/engine" / FAKE.name
        file = self.scenario(cases)
        file.write_text(file.read_text().replace(str(FAKE), str(fake)))
        out = self.root / "again"

        def run(*options):
            done = isoframe("run", file, "--out", out, "--allow-engines", *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr, (out / "base/.rounds/0/done.json").stat().st_mtime_ns

        _, first = run()
        said, second = run("--resume")
        self.assertEqual(first, second, said)
        fake.write_text(fake.read_text().replace('return "1"', 'return "2"'))
        said, third = run("--resume")
        self.assertNotEqual(second, third)
        self.assertRegex(said, "discards 2 measured rounds of base .*engine's engine: fake 1 then, fake 2 now")
        (copy / "tests/engine/harness.py").write_text((copy / "tests/engine/harness.py").read_text() + "\n# other\n")
        said, fourth = run("--resume")
        self.assertNotEqual(third, fourth)
        self.assertRegex(said, "engine's file .*harness.py")


if __name__ == "__main__":
    unittest.main()
