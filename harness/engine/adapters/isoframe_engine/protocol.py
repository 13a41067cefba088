"""The rank's side of the protocol in harness/engine/README.md: reads requests, writes answers.

An engine is a subclass of Engine; its program ends with `sys.exit(serve(MyEngine()))`.
"""

import json
import os
import pathlib
import socket
import sys
import traceback

PROTOCOL = 1
DESCRIPTOR = "ISOFRAME_ENGINE_FD"
EXIT_USAGE = 2
EXIT_FAILED = 3


class InputError(Exception):
    """The case, or a file that it names, is wrong: the case fails with these words."""


class Unsupported(Exception):
    """The engine cannot do what the case asks for: the case is skipped with these words."""


class Engine:
    """What serve() asks of an engine.  A case is a dict as result.json has it; `progress(stage, index, of)` tells
    isoframe that the rank lives.  A method that raises InputError or Unsupported leaves the engine ready for the next
    request; anything else that it raises ends the process."""

    name = ""

    def version(self):
        raise NotImplementedError

    def capabilities(self):
        """An object as the protocol describes it.  May import nothing heavy."""
        raise NotImplementedError

    def load(self, case, store, progress):
        """Makes the engine ready for the case, in place of what it held before; returns seconds and facts."""
        raise NotImplementedError

    def generate(self, case, directory, noise, progress):
        """Generates once, and leaves its files in `directory` unless that is None."""
        raise NotImplementedError

    def observe(self, case, directory, noise, observation, progress):
        raise Unsupported(f"{self.name} leaves no observations")


class Channel:
    """The socket that isoframe handed to this process."""

    def __init__(self, connection):
        self._connection = connection
        self._lines = connection.makefile("rb")

    @classmethod
    def from_environment(cls):
        # Programs that the engine starts shall not hold the socket open when this process has ended.
        descriptor = int(os.environ.pop(DESCRIPTOR))
        os.set_inheritable(descriptor, False)
        return cls(socket.socket(fileno=descriptor))

    def lines(self):
        return self._lines

    def send(self, answer, **fields):
        line = json.dumps({"answer": answer, **fields}, allow_nan=False) + "\n"
        self._connection.sendall(line.encode())


def one_line(error):
    """The message of an exception as one line that a person can read."""
    text = " ".join(str(error).split())
    return text[:2000] or type(error).__name__


def field(request, name, kinds, what, *fallback):
    """The request's field of one of these types."""
    if name not in request and fallback:
        return fallback[0]
    value = request.get(name)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise InputError(f"the request's '{name}' is not {what}: {json.dumps(value)[:200]}")
    return value


def folder_of(request):
    directory = field(request, "directory", (str, type(None)), "a folder or null")
    if directory is None:
        return None
    if not os.path.isdir(directory):
        raise InputError(f"{directory}: the folder for the files is not there")
    return pathlib.Path(directory)


def answer_to(engine, request, progress):
    """Does what the request asks for; returns the answer that ends it, and its fields."""
    kind = field(request, "request", str, "a text")
    if kind not in ("load", "generate", "observe"):
        raise InputError(f"no such request: '{kind}'; known are load, generate, observe and exit")
    case = field(request, "case", dict, "an object")
    if kind == "load":
        seconds, facts = engine.load(case, field(request, "store", (str, type(None)), "a path or null", None), progress)
        return "loaded", {"seconds": seconds, "facts": facts}
    directory = folder_of(request)
    noise = field(request, "noise", (str, type(None)), "a file or null", None)
    if kind == "generate":
        engine.generate(case, directory, noise, progress)
    else:
        if directory is None:
            raise InputError("an observation needs a folder for its files")
        observation = field(request, "observation", dict, "an object")
        engine.observe(case, directory, noise, observation, progress)
    return "done", {}


def parsed(line):
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the request is not a line of JSON: {error}") from None
    if not isinstance(request, dict):
        raise InputError(f"the request is not an object: {line.decode(errors='replace').strip()[:200]}")
    return request


def serve(engine, channel=None):
    """Answers requests until `exit` or the end of the input; returns the process's exit code."""
    if channel is None:
        if DESCRIPTOR not in os.environ:
            print(f"{engine.name} is started by isoframe, which passes a socket in {DESCRIPTOR}", file=sys.stderr)
            return EXIT_USAGE
        channel = Channel.from_environment()
    try:
        channel.send(
            "hello",
            protocol=PROTOCOL,
            engine=engine.name,
            version=engine.version(),
            rank=int(os.environ.get("RANK", "0")),
            pid=os.getpid(),
            capabilities=engine.capabilities(),
        )
        return answer_all(engine, channel)
    except (BrokenPipeError, ConnectionResetError):
        # isoframe has gone: as good as the end of the input.
        return 0


def answer_all(engine, channel):
    for line in channel.lines():
        number = None
        try:
            request = parsed(line)
            number = field(request, "id", int, "a whole number")
            if request.get("request") == "exit":
                return 0

            def progress(stage, index=None, of=None, id=number):
                counted = {name: value for name, value in (("index", index), ("of", of)) if value is not None}
                channel.send("progress", id=id, stage=stage, **counted)

            answer, fields = answer_to(engine, request, progress)
        except (InputError, Unsupported) as error:
            kind = "input" if isinstance(error, InputError) else "unsupported"
            channel.send("error", id=number, kind=kind, message=one_line(error))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            # The whole of it for the log, one line for the report.  What else this process would compute after a
            # failure inside a library, or after half of its memory was used up, nobody knows: it ends.
            traceback.print_exc()
            channel.send("error", id=number, kind="engine", message=failure(error))
            return EXIT_FAILED
        else:
            channel.send(answer, id=number, **fields)
    return 0


def failure(error):
    message = one_line(error)
    torch = sys.modules.get("torch")
    ran_out = isinstance(error, MemoryError) or (torch is not None and isinstance(error, torch.OutOfMemoryError))
    # What torch raises on a CPU is a RuntimeError like any other.
    if ran_out or "can't allocate memory" in message:
        return f"out of memory: {message}"
    return f"{type(error).__name__}: {message}"
