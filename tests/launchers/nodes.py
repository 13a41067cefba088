"""Two "nodes" on one machine: network namespaces that only virtual cables join."""

import os
import subprocess
import unittest

from common import need, need_root

FIRST = "10.83.7.1"  # of the first node, on the first cable


class TwoNodes:
    def __init__(self, cables=1):
        need_root()
        self.ip = need("ip", "iproute2")
        self.names = [f"isoframe-{os.getpid()}-{side}" for side in "ab"]
        # An interface's name has 15 letters at most.  Each node has its own for its end of a cable.
        self.cables = [[f"iso{os.getpid() % 1000000}{side}{cable}" for side in "ab"] for cable in range(cables)]

    def run(self, *arguments):
        return subprocess.run([self.ip, *arguments], capture_output=True, text=True, check=True).stdout

    def __enter__(self):
        try:
            for name in self.names:
                self.run("netns", "add", name)
                self.run("-n", name, "link", "set", "lo", "up")
            for cable, ends in enumerate(self.cables):
                self.run("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
                for node, end in enumerate(ends):
                    self.run("link", "set", end, "netns", self.names[node])
                    self.run("-n", self.names[node], "address", "add", f"10.83.{7 + cable}.{1 + node}/24", "dev", end)
                    self.run("-n", self.names[node], "link", "set", end, "up")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise unittest.SkipTest(f"network namespaces cannot be made here: {error.stderr.strip()}")
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run([self.ip, "netns", "delete", name], capture_output=True)

    def on(self, node, command):
        """Returns `command` wrapped so that it runs on node 0 or 1."""
        return f"{self.ip} netns exec {self.names[node]} {command}"

    def received_bytes(self, node, cable=0):
        counter = f"/sys/class/net/{self.cables[cable][node]}/statistics/rx_bytes"
        return int(self.run("netns", "exec", self.names[node], "cat", counter))
