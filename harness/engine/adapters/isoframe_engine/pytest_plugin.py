"""The fixture `isoframe`, which pytest finds where this package is installed."""

import pathlib

import pytest

from isoframe_engine.judge import Judge, find_program


def pytest_addoption(parser):
    group = parser.getgroup("isoframe")
    group.addoption("--isoframe", metavar="PROGRAM", help="the program that judges frames and traces; else $ISOFRAME_BIN, else in PATH")


@pytest.fixture
def isoframe(request, tmp_path):
    """A judge of frames and traces: isoframe.assert_same_frames(reference, candidate, psnr_min=40), and
    isoframe.assert_same_trace(a, b)."""
    asked = request.config.getoption("--isoframe")
    if asked and pathlib.Path(asked).name != asked:
        # A test may have gone to another folder.
        asked = str(request.config.invocation_params.dir / asked)
    program, reason = None, ""
    try:
        program = find_program(asked)
    except FileNotFoundError as error:
        reason = str(error)
    if program is None:
        # Not while the other error is handled, which would be told as well.
        pytest.fail(reason, pytrace=False)
    return Judge(program, tmp_path / "isoframe")
