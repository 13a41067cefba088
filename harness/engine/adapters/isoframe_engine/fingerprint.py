"""Fingerprints as harness/locate/fingerprint.cpp defines them (version 1), computed on the tensor's device.

Equal tensors give the hash of isoframe's own; norm and sketch differ in the last bits, because sums are added in another
order.
"""

import ctypes
import functools

VERSION = 1
LANES = 16
ROWS_AT_ONCE = 1 << 16


@functools.cache
def xxh3():
    """XXH3's 64-bit hash, from the library that isoframe itself links; None where it is not there."""
    try:
        function = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    function.restype = ctypes.c_uint64
    return function


def is_available():
    return xxh3() is not None


def mixed(x):
    """The finalizer of MurmurHash3, whose multiplications wrap in int64 as in uint64."""
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        x = (x ^ high_bits(x)) * (factor - (1 << 64))
    return x ^ high_bits(x)


def high_bits(x):
    """x >> 33 of the unsigned number: int64's own shift would repeat the sign."""
    return (x >> 33) & ((1 << 31) - 1)


def fingerprint(tensor):
    """{"hash", "norm", "sketch"} of a tensor of any floating-point dtype, in its logical order."""
    import torch

    whole = tensor.detach().contiguous().reshape(-1)
    data = whole.cpu()
    code = xxh3()(data.data_ptr(), data.numel() * data.element_size())
    values = whole.float()
    values = torch.nn.functional.pad(values, (0, -values.numel() % LANES)).reshape(-1, LANES)
    sketch = torch.zeros(LANES, dtype=torch.float64, device=values.device)
    squares = torch.zeros((), dtype=torch.float64, device=values.device)
    lanes = torch.arange(LANES, device=values.device)
    for first in range(0, len(values), ROWS_AT_ONCE):
        rows = values[first : first + ROWS_AT_ONCE].double()
        # Lane 0's sign is the lowest bit of what the row's number, counted from 1, is mixed to.
        signs = mixed(torch.arange(first + 1, first + len(rows) + 1, device=values.device))
        is_negative = (signs[:, None] >> lanes) & 1
        sketch += (rows * (1 - 2 * is_negative)).sum(0)
        squares += (rows * rows).sum()
    return {"hash": f"{code:016x}", "norm": squares.sqrt().item(), "sketch": sketch.tolist()}
