#!/usr/bin/env python3
"""Tests of the cuda preset's program on a machine without a GPU: it says that there is none, and computes on the CPU.

ISOFRAME_BIN names the program; the CPU preset's is expected at build/isoframe.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CUDA = os.environ.get("ISOFRAME_BIN", str(ROOT / "build-cuda" / "isoframe"))
CPU = str(ROOT / "build" / "isoframe")


def run(program, *arguments, **environment):
    return subprocess.run([program, *map(str, arguments)], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
                          timeout=300, check=False)


def libraries(program):
    return subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout


class Program(unittest.TestCase):
    def test_it_starts(self):
        self.assertRegex(run(CUDA, "--version").stdout, r"^isoframe \d+\.\d+\.\d+\n")
        self.assertIn("generate", run(CUDA, "--help").stdout)

    def test_it_links_cuda_and_nccl(self):
        linked = libraries(CUDA)
        for name in ("libtorch_cuda.so", "libc10_cuda.so", "libcudart.so", "libnccl.so"):
            self.assertTrue(re.search(rf"{name}[.\d]* => /", linked), f"{name} is not linked, or not found")
        symbols = subprocess.run(["nm", "--dynamic", "--demangle", "--undefined-only", CUDA], capture_output=True, text=True, check=True).stdout
        self.assertTrue("c10d::ProcessGroupNCCL::ProcessGroupNCCL(" in symbols, "no ProcessGroupNCCL is linked")

    def test_it_holds_the_kernels_that_nvcc_compiled(self):
        sections = subprocess.run(["readelf", "--sections", "--wide", CUDA], capture_output=True, text=True, check=True).stdout
        self.assertIn(".nv_fatbin", sections, "no code for a GPU; ci/setup --cuda brings nvcc")

    def test_its_bundle_is_small_and_starts_with_a_torch_that_has_cuda(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = pathlib.Path(folder) / "bundle.tar.xz"
            made = subprocess.run([ROOT / "ci/bundle", "--cuda", "--built", "--out", archive], capture_output=True, text=True, check=False)
            self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
            self.assertLess(archive.stat().st_size, 48 << 20)
            subprocess.run(["tar", "-C", folder, "-xf", archive], check=True)
            (bundle,) = (one for one in pathlib.Path(folder).iterdir() if one.is_dir())
            self.assertTrue((bundle / "bin/unit_model_device").exists())
            self.assertTrue((bundle / "ci/gpu").exists())
            torch = pathlib.Path(re.search(r"libtorch_cuda\.so => (\S+)", libraries(CUDA))[1]).parents[1]
            started = run(bundle / "isoframe", "--version", ISOFRAME_TORCH=str(torch))
            self.assertRegex(started.stdout, r"^isoframe \d+\.\d+\.\d+\n", started.stderr)
            without = pathlib.Path(folder) / "torch"
            without.mkdir()
            (without / "version.py").symlink_to(torch / "version.py")
            refused = run(bundle / "isoframe", "--version", ISOFRAME_TORCH=str(without))
            self.assertEqual((refused.returncode, refused.stderr.count("\n")), (2, 1))
            self.assertIn("has no CUDA", refused.stderr)

    @unittest.skipUnless(os.path.exists(CPU), "build/isoframe is not built")
    def test_the_cpu_build_loads_no_cuda_libraries_of_torch(self):
        linked = libraries(CPU)
        self.assertIn("libtorch_cpu.so", linked)
        for name in ("libtorch_cuda", "libc10_cuda", "libnccl"):
            self.assertNotIn(name, linked)


class WithoutAGpu(unittest.TestCase):
    def hidden(self, *arguments):
        # A machine with GPUs hides them from the program.
        return run(CUDA, *arguments, CUDA_VISIBLE_DEVICES="")

    def assert_refused(self, result):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"^isoframe generate: device 'cuda': this machine shows no GPU \(.+\); use device cpu\n$")

    def test_device_cuda_is_one_line(self):
        self.assert_refused(self.hidden("generate", "--checkpoint", "none", "--task", "t2v", "--prompt", "x", "--height", 64, "--width", 64, "--frames", 1,
                                        "--steps", 1, "--seed", 0, "--device", "cuda", "--out", "build-cuda/refused"))

    def test_a_case_on_cuda_is_skipped_with_the_reason(self):
        result = self.hidden("validate", "scenarios/gpu.yaml")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("(skipped: device 'cuda': this machine shows no GPU", result.stdout)

    def test_the_cpu_computes_what_the_cpu_build_computes(self):
        with tempfile.TemporaryDirectory(prefix="isoframe-cuda-") as folder:
            checkpoint = f"{folder}/checkpoint"
            self.assertEqual(self.hidden("weights", "init", "--preset", "tiny", "--seed", 3, checkpoint).returncode, 0)
            frames = {}
            for name, program, layout in (("cuda", CUDA, "ulysses=2,vae_patch=2"), ("cpu", CPU, "single")):
                if not os.path.exists(program):
                    self.skipTest("build/isoframe is not built")
                result = run(program, "generate", "--checkpoint", checkpoint, "--task", "t2v", "--prompt", "a pier", "--height", 96, "--width", 112, "--frames", 5,
                             "--steps", 1, "--seed", 5, "--tile-size", 64, "--layout", layout, "--out", f"{folder}/{name}",
                             CUDA_VISIBLE_DEVICES="")
                self.assertEqual(result.returncode, 0, result.stderr)
                frames[name] = pathlib.Path(folder, name, "frames.safetensors").read_bytes()
            self.assertEqual(frames["cuda"], frames["cpu"])


if __name__ == "__main__":
    unittest.main()
