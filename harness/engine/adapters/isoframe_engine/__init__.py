"""What an engine of isoframe's needs beside its own libraries: the protocol, the files, the measuring.

Nothing here imports torch before an engine has loaded something, so that `hello` comes at once.
"""

from isoframe_engine.protocol import Engine, InputError, Unsupported, serve

__all__ = ["Engine", "InputError", "Unsupported", "serve"]
