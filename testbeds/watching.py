"""What can be seen of a daemon on one host: its log, its times, and what the kernel tells."""

import contextlib, os, time
from testbed import SLOWNESS, Failure, wait_for

# Beyond this a fact that is waited for isn't slow, but missing.
PATIENCE = 10 * SLOWNESS


def take_the_processor():
    """Before all other programs of this machine, whose turns would be measured otherwise.

    A router's daemon waits for nobody either. What is started from now on inherits it.
    """
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(10))


def seconds_until(what, fact, since=None):
    """How long until `fact()` is true, counted from `since`; a Failure if it never is."""
    since = time.monotonic() if since is None else since
    while not fact():
        if time.monotonic() - since > PATIENCE:
            raise Failure(f"{what}: not within {PATIENCE:g} s")
    return time.monotonic() - since


def milliseconds(times):
    """`3, 4, 12 ms`, of seconds."""
    return ", ".join(f"{time * 1000:.0f}" for time in times) + " ms"


def are_within(limit, times):
    """Whether the median is: one of them may meet what this machine does besides."""
    return sorted(times)[len(times) // 2] <= limit * SLOWNESS


class News:
    """What a file of lines says from now on."""

    def __init__(self, path):
        self.path = path
        self.forget()

    def forget(self):
        self.position = self.path.stat().st_size if self.path.exists() else 0

    def lines(self, *words):
        """The whole lines with all of the words in them."""
        if not self.path.exists():
            return []
        with open(self.path, errors="replace") as file:
            file.seek(self.position)
            text = file.read()
        lines = text[:text.rfind("\n") + 1].splitlines()
        return [line for line in lines if all(word in line for word in words)]


class Monitor:
    """What the kernel tells of changes, by `ip monitor` or `nft monitor`."""

    # A table of our own, where changes mark what was before and what came after.
    TABLE = "4294000000"

    def __init__(self, host, tool):
        words = {"ip": ["ip", "-o", "monitor", "link", "address", "route", "rule", "nexthop", "neigh"],
                 "nft": ["nft", "monitor"]}
        self.host, self.tool, self.number = host, tool, 0
        self.process = host.start("stdbuf", "-oL", *words[tool], log=f"{tool}-monitor")
        self.log = News(self.process.log)
        # The first marks may be before it listens.
        wait_for(f"{tool} monitor", lambda: self.mark() and self.has_marks(0.2))
        self.log.forget()

    def told(self):
        """All since the last time, once it is certain that nothing of that is on its way."""
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
        # The last line of a transaction, which would be news later.
        time.sleep(0.01)
        return True

    def is_of_others(self, line):
        return line.strip() and self.TABLE not in line and "table arp seen" not in line \
            and not line.startswith("# new generation")
