"""Functions of a library's objects, replaced for a while."""

import contextlib


@contextlib.contextmanager
def replaced(owner, name, make):
    """Lets `owner.name` be make(the function that it was) until the end of the block.  `owner` is an object whose own
    entry hides its class's, or a module."""
    had = name in vars(owner)
    original = getattr(owner, name)
    setattr(owner, name, make(original))
    try:
        yield
    finally:
        if had:
            setattr(owner, name, original)
        else:
            delattr(owner, name)
