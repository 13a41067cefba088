"""Every adapter beside this file is a module; the rest is in pyproject.toml."""

import pathlib

from setuptools import setup

setup(py_modules=sorted(path.stem for path in pathlib.Path(__file__).parent.glob("*.py") if path.name != "setup.py"))
