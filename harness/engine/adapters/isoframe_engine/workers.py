"""Words from an engine's own worker processes to the process that speaks the protocol for them.

An engine that starts its ranks itself hands requests on by its own means, which tell neither how far a rank is nor, of
all ranks but the first, what became of them.  So each rank says it here, in datagrams of one JSON object to a socket
that the engine's process made.
"""

import contextlib
import json
import os
import secrets
import socket
import threading

from isoframe_engine.protocol import InputError, Unsupported, one_line

KINDS = {"input": InputError, "unsupported": Unsupported, "engine": RuntimeError}


class Listener:
    """The engine's end.  `address` names the socket to its workers, without a file that could be left behind;
    listening() gives what they say while it lasts."""

    def __init__(self):
        self.address = f"isoframe-{secrets.token_hex(16)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{self.address}")

    def close(self):
        self._socket.close()

    @contextlib.contextmanager
    def listening(self, progress):
        """Hands the first rank's progress on, in a thread; its `ends` are {rank: what it ended with}."""
        heard = Heard(progress)
        thread = threading.Thread(target=heard.listen, args=(self._socket,), daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            # What was sent before comes before: a rank's last word is heard.
            with Reporter(self.address, None) as own:
                own.send({"stop": True})
            thread.join()


class Heard:
    def __init__(self, progress):
        self._progress = progress
        self.ends = {}

    def listen(self, connection):
        while True:
            word = json.loads(connection.recv(1 << 16))
            if word.get("stop"):
                return
            if "end" in word:
                self.ends[word["rank"]] = word
            elif word["rank"] == 0:
                with contextlib.suppress(OSError):
                    self._progress(word["stage"], word["index"], word["of"])

    def require_all(self, ranks):
        """Raises what the first rank that failed said, or that one said nothing."""
        for rank in range(ranks):
            word = self.ends.get(rank)
            if word is None:
                raise RuntimeError(f"rank {rank} of {ranks} has not said what became of it")
            if word["end"] != "done":
                raise KINDS[word["end"]](word["message"])


class Reporter:
    """A worker's end."""

    def __init__(self, address, rank):
        self._rank = rank
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.connect(f"\0{address}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, word):
        # The engine's process may have gone: its end ends this one as well.
        with contextlib.suppress(OSError):
            self._socket.send(json.dumps({"rank": self._rank, **word}).encode())

    def progress(self, stage, index=None, of=None):
        self.send({"stage": stage, "index": index, "of": of})

    def done(self):
        self.send({"end": "done"})

    def failed(self, error):
        kind = next((kind for kind in ("input", "unsupported") if isinstance(error, KINDS[kind])), "engine")
        text = one_line(error)
        message = text if kind != "engine" else f"rank {self._rank}: {type(error).__name__}: {text}"
        self.send({"end": kind, "message": message})


@contextlib.contextmanager
def on_path_of_workers(*folders):
    """Lets processes that this one starts meanwhile import from these folders."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, folders), *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
