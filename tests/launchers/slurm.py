"""A Slurm of one machine for the length of a test: munged, slurmctld and slurmd with folders of their own."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

from common import need, need_root, plain_environment

CONFIGURATION = """
ClusterName=isoframe
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES OverSubscribe=FORCE:8 MaxTime=INFINITE State=UP
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Slurm:
    def __init__(self, folder):
        need_root()
        self.programs = {name: need(name, package) for name, package in
                         (("munged", "munge"), ("slurmctld", "slurm-wlm"), ("slurmd", "slurm-wlm"), ("srun", "slurm-wlm"))}
        self.folder = pathlib.Path(folder)
        self.environment = plain_environment(SLURM_CONF=self.folder / "slurm.conf")

    def __enter__(self):
        folder = self.folder
        for name in ("spool", "state"):
            (folder / name).mkdir(parents=True)
        # munged refuses a folder that others can write to.
        folder.chmod(0o755)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        controller_port, daemon_port = free_ports(2)
        (folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], folder=folder, controller_port=controller_port,
            daemon_port=daemon_port, cores=os.cpu_count()))
        try:
            self.start("munged", "--force", "--key-file", key, "--socket", folder / "munge.socket",
                       "--pid-file", folder / "munged.pid", "--log-file", folder / "munge.log", "--seed-file", folder / "munge.seed")
            self.start("slurmctld")
            self.start("slurmd")
            self.wait_until_idle()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, program, *options):
        # Daemons keep the descriptors that they are given, so a pipe would never end.
        with open(self.folder / f"{program}.start.log", "w+") as log:
            done = subprocess.run([self.programs[program], *options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
            log.seek(0)
            if done.returncode != 0:
                raise unittest.SkipTest(f"{program} does not start here: {log.read().strip()}")

    def wait_until_idle(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            states = subprocess.run(["sinfo", "--noheader", "--format=%t"], capture_output=True, text=True, env=self.environment)
            if states.stdout.strip() == "idle":
                return
            time.sleep(0.2)
        raise unittest.SkipTest(f"this machine's Slurm never becomes idle: {states.stdout}{states.stderr}")

    def __exit__(self, *_):
        """Ends the daemons, by the process ids in the files that they left."""
        for name in ("slurmd", "slurmctld", "munged"):
            try:
                pid = int((self.folder / f"{name}.pid").read_text())
                os.kill(pid, signal.SIGTERM)
            except (OSError, ValueError):
                continue
            end = time.monotonic() + 10
            while time.monotonic() < end and running(pid):
                time.sleep(0.05)
            if running(pid):
                os.kill(pid, signal.SIGKILL)


def running(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
