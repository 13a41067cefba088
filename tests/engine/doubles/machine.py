#!/usr/bin/env python3
"""Runs a Python program on a machine with as many GPUs as DOUBLE_GPUS says, as far as torch.cuda.device_count() tells."""

import os
import runpy
import sys

import torch

torch.cuda.device_count = lambda: int(os.environ["DOUBLE_GPUS"])
sys.argv.pop(0)
if __name__ == "__main__":
    runpy.run_path(sys.argv[0], run_name="__main__")
