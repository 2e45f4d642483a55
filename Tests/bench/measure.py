"""What the cases of Tests/bench/run measure with: a namespace, timed commands, rows of a table."""

import contextlib, os, pathlib, signal, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
VPNGW = os.environ.get("VPNGW", str(ROOT / ".build/release/vpngw"))
NAME = f"vpngw-bench-{os.getpid()}"


def ip(*words):
    done = subprocess.run(["ip", "-n", NAME, *words], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


class Run:
    """How long a command took, to its end or only to its first byte of output."""

    def __init__(self, words, expected=0, first_byte=False, memory=True):
        # Through time(1): a child's ru_maxrss counts what its parent had before exec, and Python has
        # more than ip(8). It also keeps what is large out of this process.
        log = pathlib.Path(directory(), "memory")
        words = (["/usr/bin/time", "-q", "-o", str(log), "-f", "%M"] if memory else []) + words
        output, sink = os.pipe() if first_byte else (None, os.open(os.devnull, os.O_WRONLY))
        began = time.monotonic()
        process = os.posix_spawnp(words[0], words, os.environ, setpgroup=0,
                                  file_actions=[(os.POSIX_SPAWN_DUP2, sink, 1)])
        os.close(sink)
        if first_byte:
            os.read(output, 1)
            self.seconds = time.monotonic() - began
            os.close(output)
        try:
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        except BaseException:
            os.killpg(process, signal.SIGKILL)  # interrupted: nothing may survive this
            raise
        if not first_byte:
            self.seconds = time.monotonic() - began
        # In MB.
        self.memory = int(log.read_text()) / 1024 if memory else None
        # Who writes to a pipe that nobody reads any more dies of it.
        if status != expected and not (first_byte and status == -signal.SIGPIPE):
            sys.exit(f"bench: exit {status}, not {expected}: {' '.join(words)}")


class Median:
    def __init__(self, runs):
        self.seconds = statistics.median(run.seconds for run in runs)
        self.memory = statistics.median(run.memory for run in runs)


def alternate(rounds, ours, peer):
    """The medians of two measurements, taken A B A B."""
    pairs = [(ours(), peer()) for _ in range(rounds)]
    return [Median(runs) for runs in zip(*pairs)]


missed = 0
_directory = None


def directory():
    """Where the files of this run are."""
    return _directory


@contextlib.contextmanager
def bed():
    """A namespace and a directory for the run."""
    global _directory
    with tempfile.TemporaryDirectory(prefix="vpngw-bench-") as _directory:
        subprocess.run(["ip", "netns", "add", NAME], check=True)
        try:
            # Nothing is to be sent: no neighbor discovery, no multicast reports.
            subprocess.run(["ip", "netns", "exec", NAME, "sysctl", "-qw",
                            "net.ipv6.conf.default.disable_ipv6=1"], check=True)
            yield
        finally:
            subprocess.run(["ip", "netns", "delete", NAME])


def line(what, ours, peer, aim, ratio=True):
    """`aim` is the most that the ratio, or else our own time in seconds, should be."""
    global missed
    value = ours.seconds / peer.seconds
    met = aim is None or (value if ratio else ours.seconds) <= aim
    missed += not met
    wanted = "" if aim is None else f"{aim:g}" if ratio else shown(aim)
    print(f"{what:<44}{shown(ours.seconds):>9}{shown(peer.seconds):>9}{value:>8.3f}{wanted:>7}"
          f"{'' if met else ' missed':<7}{ours.memory:>7.1f}{peer.memory:>7.1f}", flush=True)


def shown(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def count(expected, *words):
    """Asserts how many lines `ip` prints."""
    found = ip(*words).count("\n")
    if found != expected:
        sys.exit(f"bench: {found} lines, not {expected}: ip {' '.join(words)}")


def write(name, head, objects, tail):
    path = pathlib.Path(directory(), name)
    with path.open("w") as file:
        file.write(head)
        file.writelines(objects)
        file.write(tail)
    return str(path)


def vpngw(verb, path, **options):
    return Run([VPNGW, verb, "--netns", NAME, "--run-directory", f"{directory()}/run", path], **options)
