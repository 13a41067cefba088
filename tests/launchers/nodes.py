"""Two "nodes" on one machine: network namespaces that a pair of virtual cables joins, and nothing else does."""

import os
import subprocess
import unittest

from common import need, need_root

FIRST = "10.83.7.1"
SECOND = "10.83.7.2"


class TwoNodes:
    def __init__(self):
        need_root()
        self.ip = need("ip", "iproute2")
        self.names = [f"isoframe-{os.getpid()}-{side}" for side in "ab"]
        # An interface's name has 15 letters at most.
        self.interfaces = [f"iso{os.getpid() % 1000000}{side}" for side in "ab"]

    def run(self, *arguments):
        return subprocess.run([self.ip, *arguments], capture_output=True, text=True, check=True).stdout

    def __enter__(self):
        try:
            for name in self.names:
                self.run("netns", "add", name)
            ends = list(zip(self.names, self.interfaces, (FIRST, SECOND)))
            self.run("link", "add", self.interfaces[0], "type", "veth", "peer", "name", self.interfaces[1])
            for name, interface, address in ends:
                self.run("link", "set", interface, "netns", name)
                self.run("-n", name, "address", "add", f"{address}/24", "dev", interface)
                self.run("-n", name, "link", "set", interface, "up")
                self.run("-n", name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise unittest.SkipTest(f"network namespaces cannot be made here: {error.stderr.strip()}")
        return self

    def __exit__(self, *_):
        for name in self.names:
            subprocess.run([self.ip, "netns", "delete", name], capture_output=True)

    def on(self, node, command):
        """`command`, to be run on node 0 or 1."""
        return f"{self.ip} netns exec {self.names[node]} {command}"

    def received_bytes(self, node):
        return int(subprocess.run(
            [self.ip, "netns", "exec", self.names[node], "cat", f"/sys/class/net/{self.interfaces[node]}/statistics/rx_bytes"],
            capture_output=True, text=True, check=True).stdout)
