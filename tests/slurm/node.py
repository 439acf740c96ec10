"""A Slurm of one node on this machine, of Debian's packages: its own munge, controller and node daemon in one folder.

    with Node(folder) as slurm:
        slurm.run("srun", "-n", "2", "hostname")

Everything listens on 127.0.0.1 and lives in the folder: no systemd, no control groups; MpiDefault=none, Debian's own.
`packages()` installs what is missing, as root.
"""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

PROGRAMS = ("slurmctld", "slurmd", "srun", "munged", "mungekey")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "munge", "libpmix-dev")
PMIX = "/usr/lib/*/pmix2/lib/libpmix.so"  # what Debian's plugin loads by this name, a link of the -dev package
OVER = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED")
CPUS, MEMORY = 8, 4096  # of the node; megabytes

CONF = """\
ClusterName=simresnet
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SrunPortRange={first}-{last}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=400
SlurmdParameters=config_overrides
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldParameters=enable_configless
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
CompleteWait=0
KillWait=10
InactiveLimit=0
MinJobAge=600
ReturnToService=2
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=low Nodes={host} Default=YES MaxTime=60 PriorityTier=1 GraceTime=20 State=UP
PartitionName=high Nodes={host} MaxTime=60 PriorityTier=2 State=UP
"""


def packages() -> bool:
    """Install what is missing; whether all programs are there."""
    if not _installed() and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, "capture_output": True, "timeout": 300}
        # no daemon of the system is to be started: the node brings its own
        policy = Path("/usr/sbin/policy-rc.d")
        ours = not policy.exists()
        if ours:
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        try:
            subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
            install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
            subprocess.run(install, check=False, **quiet)
        finally:
            if ours:
                policy.unlink()
    return _installed()


def _installed() -> bool:
    return all(map(shutil.which, PROGRAMS)) and bool(glob.glob(PMIX))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Node:
    """The three daemons; only these are ended at the end.

    Parameters
    ----------
    folder : path
        New, short (a socket's name holds 107 letters), owned by root, readable by its owner alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[subprocess.Popen[bytes]] = []
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}

    def __enter__(self) -> Node:
        for name in ("state", "spool", "log"):
            (self.folder / name).mkdir(parents=True)
        controller, daemon = _free_ports(2)
        host = socket.gethostname()
        text = CONF.format(
            folder=self.folder, host=host, controller=controller, daemon=daemon, cpus=CPUS, memory=MEMORY,
            first=61_000, last=61_300,
        )  # fmt: skip
        (self.folder / "slurm.conf").write_text(text)
        key = self.folder / "munge.key"
        subprocess.run(["mungekey", "--create", f"--keyfile={key}"], check=True)
        try:
            names = {"key-file": "key", "pid-file": "pid", "log-file": "log", "seed-file": "seed", "socket": "socket"}
            options = [f"--{option}={self.folder}/munge.{name}" for option, name in names.items()]
            self._start("munged", "--foreground", "--force", *options)
            self._start("slurmctld", "-D", "-i")
            self._start("slurmd", "-D", "-N", host)
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, *command: str) -> None:
        with (self.folder / "log" / command[0]).open("wb") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "start_new_session": True}
            self._daemons.append(subprocess.Popen(command, env=self.environment, **options))

    def _wait(self) -> None:
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            if "idle" in self.run("sinfo", "-h", "-o", "%T", check=False).stdout:
                return
            time.sleep(0.2)
        logs = [path.read_text(errors="replace")[-2000:] for path in (self.folder / "log").iterdir()]
        raise RuntimeError("the node does not come up:\n" + "\n".join(logs))

    def stop(self) -> None:
        """End the daemons, the youngest first, and what jobs are left."""
        if len(self._daemons) == 3:
            self.run("scancel", "--full", "--user=root", "--signal=KILL", check=False)
        for daemon in reversed(self._daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self._daemons.clear()

    def run(
        self, *command: object, check: bool = True, cwd: Path | None = None, timeout: float = 120.0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Slurm's."""
        return subprocess.run(
            list(map(str, command)), env=self.environment | variables, cwd=cwd, capture_output=True, text=True,
            check=check, timeout=timeout, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def submit(self, folder: Path, script: str, *options: str, **variables: str) -> str:
        """Submit a batch script whose output goes to ``folder/log``; return the job's number."""
        path = folder / "job.sh"
        path.write_text("#!/bin/bash\n" + script)
        common = ("--parsable", f"--chdir={folder}", f"--output={folder}/log", "--open-mode=append")
        return self.run("sbatch", *common, *options, path, **variables).stdout.strip()

    def show(self, job: str) -> dict[str, str]:
        """What ``scontrol show job`` says, by its names."""
        words = self.run("scontrol", "-o", "show", "job", job).stdout.split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def wait(self, job: str, state: str = "", timeout: float = 240.0) -> dict[str, str]:
        """Wait until a job is over, or in a state; return what it shows."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            shown = self.show(job)
            if shown["JobState"] == state or (not state and shown["JobState"] in OVER):
                return shown
            time.sleep(0.3)
        raise TimeoutError(f"job {job} is {shown['JobState']}")
