#!/usr/bin/env python3
"""What enters by the command line and by files: numbers, texts, paths of any bytes, and checkpoints with a doubt about them.
ISOFRAME_BIN names the binary."""

import functools
import json
import math
import os
import re
import shutil
import struct
import subprocess
import unittest
import xml.etree.ElementTree

from common import ISOFRAME, CheckpointTest, cases_of, isoframe, safetensors_of, write_safetensors

SCENARIO = """
version: 1
checkpoint: {checkpoint}
defaults:
  task: t2v
  prompt: a red fox
  height: 64
  width: 80
  frames: 5
  steps: 1
  warmup: 0
  tiling: {{tile_size: 64}}
cases:
  - name: tiled
  - name: cfg2
    layout: cfg=2
    baseline: tiled
"""


def in_bytes(*arguments, **options):
    """Runs the program with arguments of any bytes; its output is bytes too."""
    return subprocess.run([os.path.abspath(ISOFRAME), *arguments], capture_output=True, **options)


@functools.cache
def help_of(command):
    return isoframe(*command, "--help").stdout


def subcommands_of(command):
    found = re.search(r"(?ms)^(?:Subcommands|SUBCOMMANDS):\n(.*?)(?:\n\n|\Z)", help_of(command))
    return re.findall(r"(?m)^  (\w+) ", found.group(1)) if found else []


def commands(command=()):
    """Every command that has none below it."""
    below = subcommands_of(command)
    return [leaf for name in below for leaf in commands((*command, name))] if below else [command]


def numeric_options(command):
    """First names of the options that take a number."""
    lines = re.findall(r"(?m)^ +(?:-\w,)?(--[\w,-]+) (?:INT|UINT|FLOAT|NUMBER|TIME)\b", help_of(command))
    return [names.split(",")[0] for names in lines]


class Numbers(unittest.TestCase):
    NOT_NUMBERS = ("nan", "inf", "1e999")
    CASE = ["--checkpoint=c", "--task=t2v", "--prompt=p", "--frames=5", "--steps=1", "--seed=0", "--out=o"]
    REST = {("generate",): CASE,
            ("trace",): CASE,
            ("compare",): ["a", "b"],
            ("locate",): ["a", "b"],
            ("weights", "init"): ["--preset=tiny", "--seed=0", "w"]}
    ALLOWED = {("--psnr-min", "inf")}  # frames must be equal after 8 bits

    def refused(self, command, option, value):
        rest = [word for word in self.REST.get(command, ["scenarios/smoke.yaml"]) if not word.startswith(option + "=")]
        result = isoframe(*command, f"{option}={value}", *rest)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertLessEqual(len(result.stderr), 200, result.stderr)
        self.assertIn(option, result.stderr)

    def test_every_option_of_every_command_refuses_what_is_no_number(self):
        tried = set()
        for command in commands():
            for option in numeric_options(command):
                tried.add((*command, option))
                for value in self.NOT_NUMBERS:
                    if (option, value) in self.ALLOWED:
                        continue
                    with self.subTest(command=command, option=option, value=value[:20]):
                        self.refused(command, option, value)
        for known in (("run", "--repeat"), ("qualify", "--duration"), ("weights", "init", "--seed"), ("generate", "--seed"),
                      ("generate", "--guidance-scale"), ("generate", "--timeout"), ("compare", "--psnr-min"),
                      ("compare", "--max-difference-max"), ("trace", "--steps"), ("locate", "--tolerance")):
            self.assertIn(known, tried)

    def test_zero_is_a_number_and_not_an_option_that_is_not_given(self):
        for command, option in ((("run",), "--repeat"), (("generate",), "--height"), (("generate",), "--width"),
                                (("generate",), "--tile-size"), (("generate",), "--threads-per-rank"),
                                (("generate",), "--timeout")):
            with self.subTest(option=option):
                self.refused(command, option, "0")

    def test_earlier_names_of_gates_are_checked_alike(self):
        for option in ("--min-psnr", "--min-ssim", "--max-abs"):
            for value in ("nan", "-inf", "-7"):
                result = isoframe("compare", f"{option}={value}", "a", "b")
                self.assertEqual(result.returncode, 2)
                self.assertLess(len(result.stderr), 200)
                self.assertNotIn("no such file", result.stderr)

    def test_a_path_or_text_that_is_empty_is_not_one_that_is_not_given(self):
        for command, option, rest in ((["run"], "--out", ["s.yaml"]), (["run"], "--against", ["s.yaml"]),
                                      (["run"], "--history", ["s.yaml"]), (["run"], "--filter", ["s.yaml"]),
                                      (["run"], "--checkpoint", ["s.yaml"]), (["report"], "--against", ["r"]),
                                      (["compare"], "--out", ["a", "b"]), (["trace"], "--like", self.CASE),
                                      (["validate"], "--filter", ["s.yaml"]),
                                      (["weights", "init"], "--config", ["--seed=0", "w"])):
            with self.subTest(command=command, option=option):
                result = isoframe(*command, option, "", *rest)
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"{option} is empty", result.stderr)


class Texts(unittest.TestCase):
    def test_a_prompt_that_is_not_utf8_is_refused_with_its_place(self):
        for option in (b"--prompt", b"--negative-prompt"):
            arguments = {b"--checkpoint": b"c", b"--task": b"t2v", b"--prompt": b"p", b"--frames": b"5", b"--steps": b"1",
                         b"--seed": b"0", b"--out": b"o", option: b"caf\xe9 at night"}
            result = in_bytes("generate", *[word for pair in arguments.items() for word in pair])
            self.assertEqual((result.returncode, result.stderr),
                             (2, b"isoframe generate: " + option + b" is not valid UTF-8 at byte 3 (0xe9)\n"))

    def test_a_filter_or_launcher_that_is_not_utf8_is_refused(self):
        for option in (b"--filter", b"--launcher"):
            result = in_bytes("run", "scenarios/smoke.yaml", option, b"a\xff")
            self.assertEqual((result.returncode, result.stderr),
                             (2, b"isoframe run: " + option + b" is not valid UTF-8 at byte 1 (0xff)\n"))


class ScenarioTexts(CheckpointTest):
    def test_every_command_refuses_them_at_their_place(self):
        scenario = self.root / "bytes.yaml"
        scenario.write_bytes(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint))).encode()
                             .replace(b"a red fox", b"\xbb\xc6\xbb\xe8"))
        expected = f"{scenario}:6:11: prompt is not valid UTF-8 at byte 0 (0xbb)\n"
        for command in (["validate"], ["validate", "--json"], ["validate", "--plan"], ["run", "--out", self.root / "never"],
                        ["qualify", "--out", self.root / "never"]):
            with self.subTest(command=command):
                result = isoframe(*command, scenario)
                self.assertEqual((result.returncode, result.stderr), (2, expected))
        self.assertFalse((self.root / "never").exists())

    def test_a_number_too_large_in_a_json_file_is_named_with_its_place(self):
        config = self.root / "config.json"
        config.write_text('{"transformer":\n {"rope_theta": 1e999}}')
        result = isoframe("weights", "init", "--config", config, "--seed", 0, self.root / "w")
        self.assertEqual(result.returncode, 2)
        self.assertIn(f"{config}:2:17: a number that is too large", result.stderr)

    def test_a_checkpoints_numbers_stay_in_their_ranges(self):
        for part, key, number in (("transformer", "rope_theta", -1), ("transformer", "mlp_ratio", 0),
                                  ("vae", "scaling_factor", 0), ("guider", "guidance_scale", -3)):
            with self.subTest(key=key):
                copy = self.root / f"with {key}"
                shutil.copytree(self.checkpoint, copy)
                file, = (file for file in (copy / part).glob("*config.json"))
                file.write_text(json.dumps(json.loads(file.read_text()) | {key: number}))
                result = isoframe("generate", "--checkpoint", copy, "--task", "t2v", "--prompt", "p", "--frames", 1, "--steps", 1,
                                  "--height", 64, "--width", 64, "--seed", 0, "--out", self.root / "never")
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertRegex(result.stderr, f"{file}: '{key}' must .*, but is {number}\n")


class Paths(CheckpointTest):
    """A folder whose name is no text holds the checkpoint, the scenario and all that they leave."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = os.path.join(os.fsencode(cls.root), b"caf\xe9 x")
        os.mkdir(cls.folder)
        os.rename(cls.checkpoint, os.path.join(cls.folder, b"c\xe9"))
        with open(os.path.join(cls.folder, b"s.yaml"), "wb") as file:
            file.write(SCENARIO.format(checkpoint="AT").encode().replace(b"AT", b"c\xe9"))
        cls.ran = cls.at("run", "s.yaml", "--out", b"r\xff", "--history", b"h\xfe.sqlite")

    @classmethod
    def at(cls, *arguments):
        return in_bytes(*arguments, cwd=cls.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def read(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return file.read()

    def test_a_run_passes_and_can_be_found_again_by_its_records(self):
        self.assertEqual(self.ran.returncode, 0, self.ran.stderr)
        self.assertIn(b"report: r\xff/report.html\n", self.ran.stdout)
        case = json.loads(self.read(b"r\xff", b"tiled", b"result.json"))["case"]
        self.assertEqual(case["checkpoint"], "c\\xe9")
        run = json.loads(self.read(b"r\xff", b"run.json"))
        self.assertIn("$(printf 'r\\377')", run["command"])
        for file in (b"report.md", b"report.html", b"junit.xml", b"trace.json"):
            self.assertNotIn("\ufffd", self.read(b"r\xff", file).replace("\\ufffd", ""))

    def test_the_recorded_command_runs_again(self):
        command = json.loads(self.read(b"r\xff", b"run.json"))["command"]
        again = subprocess.run(["sh", "-c", command + " --resume"], cwd=self.folder, capture_output=True)
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_resume_report_compare_and_history_find_it(self):
        for command in (["run", "s.yaml", "--out", b"r\xff", "--resume"], ["report", b"r\xff"],
                        ["report", b"r\xff", "--against", b"r\xff"],
                        ["compare", b"r\xff/tiled", b"r\xff/cfg2", "--out", b"w\xff", "--json"],
                        ["baseline", "save", b"r\xff", "--history", b"h\xfe.sqlite"], ["weights", "inspect", "--json", b"c\xe9"],
                        ["validate", "--json", "s.yaml"], ["validate", "--plan", "--json", "s.yaml"]):
            with self.subTest(command=command):
                result = self.at(*command)
                self.assertEqual(result.returncode, 0, result.stderr)
        compared = json.loads(self.read(b"w\xff", b"compare.json"))
        self.assertEqual(compared["reference"]["path"], "r\\xff/tiled")
        shown = self.at("baseline", "show", "s.yaml", "--path", "--history", b"h\xfe.sqlite")
        self.assertEqual(shown.stdout, self.path(b"r\xff") + b"\n")

    def test_generate_writes_to_one_and_says_so(self):
        result = self.at("generate", "--checkpoint", b"c\xe9", "--task", "t2v", "--prompt", "p", "--frames", "1", "--steps", "1",
                         "--height", "64", "--width", "64", "--seed", "0", "--out", b"g\xff")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(b"g\xff/video.mp4", result.stdout)
        self.assertEqual(json.loads(self.read(b"g\xff", b"result.json"))["name"], "g\\xff")

    def test_a_message_names_the_path_as_it_is(self):
        for command in (["weights", "inspect", b"n\xe9"], ["report", b"n\xe9"], ["compare", b"n\xe9", b"n\xe9"],
                        ["run", b"n\xe9"], ["run", "s.yaml", "--checkpoint", b"n\xe9", "--out", "never"]):
            with self.subTest(command=command):
                result = self.at(*command)
                self.assertEqual(result.returncode, 2)
                self.assertIn(b" n\xe9", b" " + result.stderr)


class Checkpoints(CheckpointTest):
    WEIGHT = "transformer_blocks.0.attn.to_q.weight"

    def changed(self, name, change):
        """A copy of the checkpoint with change() applied to its transformer's tensors."""
        copy = self.root / name
        shutil.copytree(self.checkpoint, copy)
        file, = (copy / "transformer").glob("*.safetensors")
        tensors = safetensors_of(file)
        change(tensors)
        write_safetensors(file, tensors)
        return copy

    def generate(self, checkpoint, prompt="p", name="out"):
        return isoframe("generate", "--checkpoint", checkpoint, "--task", "t2v", "--prompt", prompt, "--frames", 1, "--steps", 1,
                        "--height", 64, "--width", 64, "--seed", 0, "--out", self.root / name)

    def assert_refused(self, checkpoint, *parts):
        for result in (self.generate(checkpoint), isoframe("weights", "inspect", checkpoint)):
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            for part in (".safetensors: tensor '", "quantized weights are not computed here", *parts):
                self.assertIn(part, result.stderr)

    def test_fp8_and_integer_weights_are_refused(self):
        for dtype, width in (("F8_E4M3", 1), ("F8_E5M2", 1), ("I8", 1), ("U8", 1), ("I32", 4)):
            with self.subTest(dtype=dtype):
                def change(tensors):
                    _, shape, _ = tensors[self.WEIGHT]
                    tensors[self.WEIGHT] = (dtype, shape, bytes(math.prod(shape) * width))
                self.assert_refused(self.changed(f"of {dtype}", change), f"'{self.WEIGHT}' is {dtype} without a scale")

    def test_a_scale_beside_a_weight_is_refused(self):
        scale = self.WEIGHT.replace(".weight", ".scale_weight")
        copy = self.changed("scaled", lambda tensors: tensors.update({scale: ("F32", [], struct.pack("<f", 0.5))}))
        self.assert_refused(copy, f"'{self.WEIGHT}' is F32 with a scale beside it, '{scale}'")

    def files_of(self, name):
        copy = self.root / name
        shutil.copytree(self.checkpoint, copy)
        return copy

    def assert_both_refuse(self, checkpoint, *parts, options=()):
        """`generate` and `weights inspect` say the same line."""
        generated = isoframe("generate", "--checkpoint", checkpoint, "--task", "t2v", "--prompt", "p", "--frames", 1, "--steps", 1,
                             "--height", 64, "--width", 64, "--seed", 0, "--out", self.root / "out", *options)
        inspected = isoframe("weights", "inspect", checkpoint, *options)
        for result in (generated, inspected):
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
            for part in parts:
                self.assertIn(part, result.stderr)
        self.assertEqual(generated.stderr.removeprefix("isoframe generate: "), inspected.stderr.removeprefix("isoframe weights inspect: "))

    def test_what_generate_would_refuse_inspect_refuses_too(self):
        pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        for file in ("model_index.json", "vae/config.json", "tokenizer/tokenizer.json", "transformer/*.safetensors"):
            with self.subTest(pointer=file):
                copy = self.files_of(f"pointer {file.replace('/', ' ')}")
                one, = copy.glob(file)
                one.write_text(pointer)
                self.assert_both_refuse(copy, f"{one}: a Git LFS pointer, not the file itself; run 'git lfs pull'")
        for part, file, key, value, problem in (
                ("scheduler", "scheduler_config.json", "use_karras_sigmas", True, "only false is implemented"),
                ("guider", "guider_config.json", "guidance_rescale", 0.7, "rescaling is not implemented"),
                ("tokenizer", "tokenizer_config.json", "padding_side", "left", 'must be "right"'),
                ("transformer", "config.json", "text_embed_dim", 96, "is 96, but text_encoder's hidden_size is 128")):
            with self.subTest(part=part, key=key):
                copy = self.files_of(f"{part} {key}")
                config = copy / part / file
                config.write_text(json.dumps(json.loads(config.read_text()) | {key: value}))
                self.assert_both_refuse(copy, f"{config}: '{key}' ", problem)
        bare = self.files_of("bare")
        (bare / "tokenizer" / "tokenizer.json").unlink()
        self.assert_both_refuse(bare, "tokenizer: holds neither tokenizer.json nor vocab.json and merges.txt")

    def test_variants_beside_plain_weights(self):
        copy = self.files_of("variants")
        file, = (copy / "transformer").glob("*.safetensors")
        other = file.with_name(file.name.replace(".safetensors", ".fp16.safetensors"))
        tensors = safetensors_of(file)
        name = "proj_out.weight"
        dtype, shape, data = tensors[name]
        write_safetensors(other, tensors | {name: (dtype, shape, bytes(len(data)))})

        def frames(name, checkpoint, *options):
            result = isoframe("generate", "--checkpoint", checkpoint, "--task", "t2v", "--prompt", "p", "--frames", 1, "--steps", 1,
                              "--height", 64, "--width", 64, "--seed", 0, "--out", self.root / name, *options)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            return (self.root / name / "frames.safetensors").read_bytes()

        alone = frames("alone", self.checkpoint)
        self.assertEqual(frames("plain", copy), alone)
        chosen = frames("fp16", copy, "--variant", "fp16")
        self.assertNotEqual(chosen, alone)
        other.rename(file)
        self.assertEqual(frames("renamed", copy), chosen)
        self.assert_both_refuse(copy, "no part has weights of the variant 'fp16'", options=("--variant", "fp16"))

    def test_a_scenario_and_its_commands_name_the_variant(self):
        scenario = self.root / "variant.yaml"
        scenario.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint))).replace("defaults:", "defaults:\n  variant: ema", 1))
        self.assertIn("variant: ema", scenario.read_text())
        for options, variant in (((), "ema"), (("--variant", "fp16"), "ema")):
            cases = json.loads(isoframe("validate", "--json", scenario, *options).stdout)["cases"]
            self.assertEqual({case["variant"] for case in cases}, {variant})
        scenario.write_text(SCENARIO.format(checkpoint=json.dumps(str(self.checkpoint))))
        cases = json.loads(isoframe("validate", "--json", scenario, "--variant", "fp16").stdout)["cases"]
        self.assertEqual({case["variant"] for case in cases}, {"fp16"})
        for command in (("run", scenario, "--out", self.root / "never"), ("validate", "--plan", scenario)):
            result = isoframe(*command, "--variant", "fp16")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("no part has weights of the variant 'fp16' (*.fp16.safetensors)", result.stderr)

    def test_a_tokenizer_of_a_generic_class(self):
        copy = self.files_of("generic")
        index = copy / "model_index.json"
        for name in ("PreTrainedTokenizerFast", "TokenizersBackend"):
            values = json.loads(index.read_text())
            values["tokenizer"][1] = name
            index.write_text(json.dumps(values))
            self.assertEqual(isoframe("weights", "inspect", copy).stderr, "")
        self.assertEqual(self.generate(copy, name="generic out").returncode, 0)
        (copy / "tokenizer" / "tokenizer.json").rename(copy / "tokenizer" / "other.json")
        self.assert_both_refuse(copy, "'tokenizer' has class 'TokenizersBackend'", "or any class beside a tokenizer.json")

    def test_prefixed_text_encoders_are_inspected_as_they_are_read(self):
        copy = self.files_of("prefixed")
        for file in (copy / "text_encoder").glob("*.safetensors"):
            write_safetensors(file, {f"model.{name}": tensor for name, tensor in safetensors_of(file).items()})
        self.assertEqual(isoframe("weights", "inspect", copy).stderr, "")
        self.assertEqual(self.generate(copy, name="prefixed out").returncode, 0)

    def test_unused_tensors_and_a_cut_prompt_are_said_everywhere(self):
        copy = self.changed("surplus", lambda tensors: tensors.update({"of_another.model": ("F32", [1], bytes(4))}))
        prompt = "fox " * 3000 + '"' + 300 * "x" + '"'
        unused = "1 tensor of the checkpoint is not used, 'transformer: of_another.model'"
        cut = r"the prompt has \d+ tokens, of which the encoder takes the first 1000"

        generated = self.generate(copy, prompt, "warned")
        self.assertEqual(generated.returncode, 0, generated.stderr)
        self.assertIn(f"warning: {unused}", generated.stderr)
        self.assertRegex(generated.stderr, f"(?m)^warning: {cut}$")
        warnings = json.loads((self.root / "warned" / "result.json").read_text())["warnings"]
        self.assertEqual([warning["kind"] for warning in warnings], ["unused_tensors", "cut_text", "cut_text"])
        self.assertEqual((warnings[0]["tensors"], warnings[0]["first_tensor"]), (1, "transformer: of_another.model"))
        self.assertGreater(warnings[1]["tokens"], 3000)
        self.assertEqual([warning["kept_tokens"] for warning in warnings[1:]], [1000, 256])
        self.assertIn("quoted text of the prompt", warnings[2]["message"])

        scenario, out = self.root / "warned.yaml", self.root / "warned run"
        scenario.write_text(SCENARIO.format(checkpoint=json.dumps(str(copy))).replace("a red fox", json.dumps(prompt)))
        ran = isoframe("run", scenario, "--out", out, env=os.environ | {"GITHUB_ACTIONS": "true"})
        self.assertEqual(ran.returncode, 0, ran.stderr)
        texts = {"console": ran.stdout, "annotations": ran.stderr, "report.md": (out / "report.md").read_text(),
                 "report.html": (out / "report.html").read_text()}
        for name, text in texts.items():
            with self.subTest(report=name):
                self.assertIn("of_another", text.replace("\\", ""))
                self.assertRegex(text, cut)
        self.assertIn("::warning title=isoframe::all 2 cases: " + unused, ran.stderr)
        self.assertEqual(ran.stdout.count("of_another"), 1, "two cases of two rounds share one warning")
        for case in xml.etree.ElementTree.parse(out / "junit.xml").getroot().iter("testcase"):
            self.assertIn(f"warning: {unused}", case.find("system-out").text)
        for row in cases_of(out).values():
            self.assertEqual(len(row["warnings"]), 3)

        whole = self.generate(self.checkpoint, "fox", "not warned")
        self.assertEqual((whole.returncode, whole.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
