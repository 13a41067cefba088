"""What an engine of isoframe's needs beside its own libraries: the protocol, the files, the measuring.

Nothing here imports torch before an engine has loaded something, so that `hello` comes at once.
"""

from isoframe_engine.protocol import Engine, InputError, Unsupported, serve

# isoframe's own (CMakeLists.txt), with which it is released.
__version__ = "0.2.0"

__all__ = ["Engine", "InputError", "Unsupported", "serve"]
