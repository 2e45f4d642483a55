"""Hosts as network namespaces, links between them, programs on them, and counted checks.

Nothing outlives a Testbed: at its end, also by an exception or a signal, every process that it
started is ended by its id and every namespace is deleted. Names hold the process id, so that runs
don't meet. Needs root, iproute2 and util-linux.
"""

import contextlib, json, os, pathlib, re, select, shutil, signal, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "testbeds/programs"
VPNGW = os.path.abspath(os.environ.get("VPNGW", ROOT / ".build/release/vpngw"))
PYTHON = "/usr/bin/python3"
# Limits on our own speed are multiplied by this for a debug build, which isn't measured.
UNOPTIMIZED = 20 if "/debug/" in os.path.realpath(os.environ.get("VPNGW_BUILT", VPNGW)) else 1
# Seconds from a signal to the kernel. Without optimisation a map of 4,096 buckets takes half a second or more.
CHANGE = 0.1 if UNOPTIMIZED == 1 else 1
# Time limits are multiplied by this on emulated processors, which are slow.
SLOWNESS = float(os.environ.get("TESTBED_SLOWNESS", 1))


class Failure(Exception):
    """The testbed itself can't continue; the text says why."""


def wait_for(what, fact, seconds=10):
    """Waits until `fact()` is true, and returns its value; raises Failure if that takes too long."""
    deadline = time.monotonic() + seconds * SLOWNESS
    while not (found := fact()):
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds * SLOWNESS:g} s")
        time.sleep(0.02)
    return found


def said(words, **options):
    done = subprocess.run(words, stdin=options.pop("stdin", subprocess.DEVNULL),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    if done.returncode:
        raise Failure(f"exit {done.returncode}: {' '.join(map(str, words))}: "
                      + (done.stderr.strip() or done.stdout.strip()))
    return done.stdout


def fed(words, text):
    with tempfile.TemporaryFile("w+") as file:
        file.write(text)
        file.seek(0)
        return said(words, stdin=file)


class Process:
    """A program on a host; its output goes to `log`."""

    def __init__(self, host, words, log, pipes=False):
        self.host, self.log = host, pathlib.Path(log)
        with open(log, "ab") as file:
            # `ip netns exec` becomes the program, so that the id is the program's own. It dies with
            # this process, even when that is killed outright. What our caller ignores (a script's `&`
            # does SIGINT) the program doesn't.
            self.popen = subprocess.Popen(
                ["env", "--default-signal", "setpriv", "--pdeathsig", "KILL", *host.prefix,
                 *map(str, words)],
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else file, stderr=file, bufsize=0)
        self.pid = self.popen.pid

    @property
    def runs(self):
        return self.popen.poll() is None

    def text(self):
        return self.log.read_text(errors="replace")

    def worked(self):
        """Processor time of all its threads in seconds, with nanosecond resolution, unlike /proc/PID/stat."""
        return sum(int((task / "schedstat").read_text().split()[0])
                   for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir()) / 1e9

    def send(self, number):
        self.popen.send_signal(number)

    def end(self, number=signal.SIGTERM, seconds=5):
        """Ends it, and returns its exit status."""
        if self.runs:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(seconds * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise Failure(f"{self.popen.args}: still there {seconds} s after {number!r}")


class Worker(Process):
    """A program that answers each line that it reads with a line of JSON."""

    def __init__(self, host, words, log):
        super().__init__(host, words, log, pipes=True)

    def begin(self, *words):
        self.popen.stdin.write(" ".join(map(str, words)).encode() + b"\n")

    def answer(self, seconds=60):
        line, deadline = b"", time.monotonic() + seconds * SLOWNESS
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.popen.stdout], [], [], left)[0]:
                raise Failure(f"{self.popen.args}: no answer")
            # One answer at a time: no line follows before the next question.
            data = os.read(self.popen.stdout.fileno(), 1 << 20)
            if not data:
                raise Failure(f"{self.popen.args}: ended: {self.text().strip()}")
            line += data
        return json.loads(line)

    def ask(self, *words, seconds=60):
        self.begin(*words)
        return self.answer(seconds)


class Host:
    def __init__(self, bed, name):
        self.bed, self.name = bed, name
        self.namespace = f"{bed.prefix}-{name}"
        self.prefix = ["ip", "netns", "exec", self.namespace]

    def ip(self, *commands):
        """Runs `ip` commands; those that begin with -6 come after the others, since a batch has one family."""
        for family in "-4", "-6":
            own = [command.removeprefix("-6 ") for command in commands
                   if command.startswith("-6 ") == (family == "-6")]
            if own:
                options = [family] if family == "-6" else []
                fed(["ip", *options, "-n", self.namespace, "-batch", "-"], "\n".join(own) + "\n")

    def json(self, *words):
        """What `ip -json` shows; an empty list if it prints nothing."""
        return json.loads(said(["ip", "-n", self.namespace, "-json", *words]) or "[]")

    def nft(self, text):
        return fed([*self.prefix, "nft", "-f", "-"], text)

    def run(self, *words):
        return said([*self.prefix, *map(str, words)])

    def has_ipvs(self):
        return not subprocess.run([*self.prefix, "ipvsadm", "-Sn"], capture_output=True).returncode

    def sysctl(self, **values):
        """`net_ipv4_ip__forward=1`: one underscore is a dot, two are one."""
        self.run("sysctl", "-qw", *(
            key.replace("__", "\0").replace("_", ".").replace("\0", "_") + f"={value}"
            for key, value in values.items()))

    def start(self, *words, log=None):
        return self.bed.keep(Process(self, words, self.bed.log(self, log or words[0])))

    def program(self, name, *words, log=None):
        """One of testbeds/programs."""
        return self.start(PROGRAMS / name, *words, log=log or name)

    def worker(self, name, *words):
        log = self.bed.log(self, name)
        return self.bed.keep(Worker(self, [PROGRAMS / name, *words], log))


class Testbed:
    def __init__(self, name):
        self.name = name
        self.prefix = f"vpngw-{name}-{os.getpid()}"
        self.hosts, self.processes = [], []
        self.passed = self.failed = 0
        self.began = time.monotonic()

    # The picture.

    def host(self, name, **sysctls):
        """A host with its loopback up and without waiting for duplicate addresses."""
        host = Host(self, name)
        said(["ip", "netns", "add", host.namespace])
        self.hosts.append(host)
        host.ip("link set lo up")
        host.sysctl(net_ipv6_conf_default_accept__dad=0, net_ipv6_conf_all_accept__dad=0,
                    net_ipv6_conf_default_accept__ra=0, net_ipv4_conf_all_rp__filter=0,
                    net_ipv4_conf_default_rp__filter=0, **sysctls)
        return host

    def hosts_named(self, name, count):
        return [self.host(f"{name}{number}") for number in range(count)]

    def wire(self, host, link, other, port, *, bridge=None, mtu=1500):
        """A cable from `link` of a host to `port` of another, there plugged into a bridge."""
        said(["ip", "link", "add", link, "mtu", str(mtu), "netns", host.namespace, "type", "veth",
              "peer", "name", port, "mtu", str(mtu), "netns", other.namespace])
        host.ip(f"link set {link} up")
        other.ip(*([f"link set {port} master {bridge}"] if bridge else []), f"link set {port} up")

    # Programs.

    def log(self, host, name):
        name = re.sub(r"[^\w.-]", "_", os.path.basename(str(name)))
        return self.directory / f"{host.name}-{name}.log"

    def keep(self, process):
        self.processes.append(process)
        return process

    # Checks.

    def say(self, text):
        print(f"{time.monotonic() - self.began:5.1f} s  {text}", flush=True)

    def check(self, sentence, holds, found=""):
        """Counts whether it holds, and prints what was found."""
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        self.say(f"{'ok   ' if holds else 'FAIL '} {sentence}" + (f": {found}" if found != "" else ""))
        return bool(holds)

    def finish(self):
        """Ends the script: prints the counts, and exits with the status that follows from them."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(0 if self.passed and not self.failed else 1)

    def skip(self, reason):
        """Ends the script: it can't run here."""
        print(reason, flush=True)
        sys.exit(77)

    # From beginning to end.

    def __enter__(self):
        if os.geteuid():
            self.skip("needs root, for network namespaces")
        for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.prefix}-"))
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Failure):
            self.check(f"{self.name} goes on", False, error)
        if os.environ.get("TESTBED_KEEP") and kind is not SystemExit:
            self.wait_for_a_signal()
        for number in signal.SIGHUP, signal.SIGINT, signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)
        if self.failed:
            self.show_logs()
        self.remove()
        if isinstance(error, Failure):
            self.finish()

    def wait_for_a_signal(self):
        print(f"kept until Ctrl-C; logs: {self.directory}; hosts (ip netns exec ...):")
        print("\n".join(f"  {host.namespace}" for host in self.hosts), flush=True)
        with contextlib.suppress(SystemExit):
            signal.pause()

    def show_logs(self):
        for path in sorted(self.directory.glob("*.log")):
            # wireguard-go always prints, in a frame, that the kernel could do it.
            lines = [line for line in path.read_text(errors="replace").splitlines()
                     if line[:1] not in "┌│└"][-10:]
            if lines:
                print("\n   ".join([f"-- {path.name}", *(line[:300] for line in lines)]), flush=True)

    def remove(self):
        for process in reversed(self.processes):
            if process.runs:
                process.popen.terminate()
        deadline = time.monotonic() + 2
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.popen.wait(max(0, deadline - time.monotonic()))
        for host in self.hosts:
            # What programs started themselves, and what didn't react.
            left = subprocess.run(["ip", "netns", "pids", host.namespace], capture_output=True)
            for id in left.stdout.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(id), signal.SIGKILL)
        for process in self.processes:
            if process.runs:
                process.popen.kill()
            process.popen.wait()
        for host in self.hosts:
            subprocess.run(["ip", "netns", "delete", host.namespace])
        shutil.rmtree(self.directory, ignore_errors=True)
