"""Observes a daemon on one host: its log, its timing, and the kernel's events."""

import contextlib, os, time
from testbed import SLOWNESS, Failure, wait_for

# After this time a fact that is waited for isn't slow, but missing.
PATIENCE = 10 * SLOWNESS


def take_the_processor():
    """Runs before all other programs of this machine, whose turns would otherwise be measured too.

    A router's daemon waits for nobody either. What is started from now on inherits it.
    """
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))


def seconds_until(what, fact, since=None):
    """How long it takes from `since` until `fact()` is true; raises Failure if it never is."""
    since = time.monotonic() if since is None else since
    while not fact():
        if time.monotonic() - since > PATIENCE:
            raise Failure(f"{what}: not within {PATIENCE:g} s")
    return time.monotonic() - since


def milliseconds(times):
    """`3, 4, 12 ms`, from seconds."""
    return ", ".join(f"{time * 1000:.0f}" for time in times) + " ms"


def are_within(limit, times):
    """Whether the median is: a single value may be affected by whatever else this machine does."""
    return sorted(times)[len(times) // 2] <= limit * SLOWNESS


class News:
    """The lines that are added to a file from now on."""

    def __init__(self, path):
        self.path = path
        self.forget()

    def forget(self):
        self.position = self.path.stat().st_size if self.path.exists() else 0

    def lines(self, *words):
        """The complete lines that contain all of the words."""
        if not self.path.exists():
            return []
        with open(self.path, errors="replace") as file:
            file.seek(self.position)
            text = file.read()
        lines = text[:text.rfind("\n") + 1].splitlines()
        return [line for line in lines if all(word in line for word in words)]


class Monitor:
    """The kernel's events, by `ip monitor` or `nft monitor`."""

    # A table of our own, in which changes separate earlier events from later ones.
    TABLE = "4294000000"

    def __init__(self, host, tool):
        words = {"ip": ["ip", "-o", "monitor", "link", "address", "route", "rule", "nexthop", "neigh"],
                 "nft": ["nft", "monitor"]}
        self.host, self.tool, self.number = host, tool, 0
        self.process = host.start("stdbuf", "-oL", *words[tool], log=f"{tool}-monitor")
        self.log = News(self.process.log)
        # The first marks may come before it listens.
        wait_for(f"{tool} monitor", lambda: self.mark() and self.has_marks(0.2))
        self.log.forget()

    def told(self):
        """Everything since the last call, once nothing can be on its way any more."""
        self.mark()
        wait_for(f"{self.tool} monitor", lambda: self.has_marks(1))
        lines = [line.strip() for line in self.log.lines() if self.is_of_others(line)]
        self.log.forget()
        return lines

    def mark(self):
        self.number += 1
        if self.tool == "ip":
            route = f"unreachable 192.0.2.255 table {self.TABLE} metric {self.number}"
            self.host.ip(f"route add {route}", f"route delete {route}")
        else:
            self.host.nft(f"add table arp seen{self.number}")
            self.host.nft(f"delete table arp seen{self.number}")
        return True

    def has_marks(self, seconds):
        words = (["Deleted", f"table {self.TABLE}", f"metric {self.number} "] if self.tool == "ip"
                 else [f"delete table arp seen{self.number}"])
        until = time.monotonic() + seconds * SLOWNESS
        while not self.log.lines(*words):
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        # The last line of a transaction, which would otherwise appear later.
        time.sleep(0.01)
        return True

    def is_of_others(self, line):
        return line.strip() and self.TABLE not in line and "table arp seen" not in line \
            and not line.startswith("# new generation")
