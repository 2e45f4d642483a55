"""A link with routers that speak VRRP, whoever watches it, and what they are told.

    switch: br0, where tcpdump listens
      |-- router 1    192.0.2.1, fe80::1, 2001:db8::1
      |-- router 2    192.0.2.2, fe80::2, 2001:db8::2
      `-- client      192.0.2.100, fe80::100, 2001:db8::100

Virtual router ID has the addresses 192.0.2.ID+100, or 2001:db8::ID+100 (in decimal) and its link-local one.
"""

import dataclasses, datetime, json, re, signal, subprocess, time
from router import Router
from testbed import SLOWNESS, Process, wait_for

FRR = "/usr/lib/frr"
# What a check on a busy machine allows beside what the protocol takes.
SLACK = 1 * SLOWNESS


class Segment:
    def __init__(self, bed, *names, prefix=""):
        """Two routers by name; the prefix is for the others, where there are several segments."""
        self.bed, self.switch = bed, bed.host(f"{prefix}switch")
        # Without snooping the bridge forwards multicast to everybody, as a plain switch does.
        self.switch.ip("link add br0 address 02:00:00:00:00:fe type bridge mcast_snooping 0", "link set br0 up")
        # They forward nothing: a packet for an address that isn't here is lost, and not sent on to the other.
        self.routers = [bed.host(name) for name in names]
        self.client = bed.host(f"{prefix}client")
        for number, host in [*enumerate(self.routers, 1), (100, self.client)]:
            bed.wire(host, "eth0", self.switch, host.name, bridge="br0")
            host.sysctl(net_ipv6_conf_eth0_addr__gen__mode=1)
            host.ip("address flush dev eth0", "-6 address flush dev eth0")
            self.address(host, number)

    def address(self, host, number, verb="add"):
        host.ip(f"address {verb} 192.0.2.{number}/24 dev eth0",
                f"-6 address {verb} fe80::{number}/64 dev eth0 nodad",
                f"-6 address {verb} 2001:db8::{number}/64 dev eth0 nodad")

    def part(self, isParted=True):
        """The routers don't hear each other, though their links are up, and the client hears both."""
        for host in self.routers:
            self.switch.run("bridge", "link", "set", "dev", host.name, "isolated", "on" if isParted else "off")
        return time.time()

    def heal(self):
        return self.part(False)

    def unplug(self, host):
        self.switch.ip(f"link set {host.name} down")
        return time.time()

    def plug(self, host):
        self.switch.ip(f"link set {host.name} up")
        return time.time()


@dataclasses.dataclass
class Instance:
    """A virtual router, with what both sides are told about it."""

    name: str
    id: int
    version: int = 3
    family: int = 4
    interval: float = 0.1  # s
    unicast: bool = False
    # What only the peer is told; `ID` stands for the id.
    extra: str = ""
    # Whether it takes part in the first situations only.
    isBrief: bool = False
    # What only ours is told.
    own: dict = dataclasses.field(default_factory=dict)
    # Of both sides.
    group: str = ""

    def virtual(self, number=None):
        number = number or 100 + self.id
        return [f"192.0.2.{number}"] if self.family == 4 else [f"fe80::{number}", f"2001:db8::{number}"]

    @property
    def vip(self):
        """The one that is looked for."""
        return self.virtual()[-1]

    def source(self, number):
        return f"192.0.2.{number}" if self.family == 4 else f"fe80::{number}"

    def prefixes(self):
        return [f"{address}/{24 if self.family == 4 else 64}" for address in self.virtual()]

    def section(self, number=1, **changes):
        """Of our state file."""
        value = {"link": "eth0", "id": self.id, "version": self.version,
                 "interval": f"{round(self.interval * 1000)}ms" if self.interval % 1 else f"{self.interval:g}s",
                 "source": [self.source(number)]}
        if self.unicast:
            value["peers"] = [self.source(3 - number if number in (1, 2) else 2)]
        if self.group:
            value["sync_group"] = self.group
        return {key: word for key, word in (value | self.own | changes).items() if word is not None}


def state(instances, number=1, each=None, **changes):
    """Our state file for these; `each` are changes by name, `changes` are for all."""
    return {
        "version": 1, "links": [{"name": "eth0", "managed": False}],
        "addresses": [
            {"link": "eth0", "address": prefix, "when": f"vrrp.{instance.name}"}
            | ({"nodad": True} if instance.family == 6 else {})
            for instance in instances for prefix in instance.prefixes()],
        "vrrp": {instance.name: instance.section(number, **changes | (each or {}).get(instance.name, {}))
                 for instance in instances}}


class Ours(Router):
    """The daemon on one of the routers."""

    def __init__(self, bed, host, number):
        super().__init__(bed, host)
        self.number = number

    def source(self, instance):
        return instance.source(self.number)

    def configure(self, instances, each=None, **changes):
        self.write(state(instances, self.number, each, **changes))

    def reload(self, instances, each=None, **changes):
        """Returns once the new file is in force."""
        before = len(self.lines("state-file"))
        self.configure(instances, each, **changes)
        wait_for(f"{self.name}: the file is read", lambda: len(self.lines("state-file")) > before)

    def kill(self):
        self.daemon.popen.kill()
        self.daemon.popen.wait()

    def stop(self):
        return self.daemon.end(seconds=10)


class Keepalived:
    """keepalived's VRRP half."""

    word, nopreempt, canOwn = "keepalived", "nopreempt", True

    def __init__(self, bed, host, number):
        self.bed, self.host, self.name, self.number = bed, host, host.name, number
        self.file = bed.directory / f"{host.name}-keepalived.conf"

    def configure(self, instances, *, priority=100, extra=""):
        other = 3 - self.number
        text = "global_defs {\n  router_id testbed\n}\n"
        for group in sorted({one.group for one in instances} - {""}):
            members = "".join(f"    {one.name}\n" for one in instances if one.group == group)
            text += f"vrrp_sync_group {group} {{\n  group {{\n{members}  }}\n}}\n"
        for one in instances:
            # keepalived sends from the link's first address by itself.
            text += (f"vrrp_instance {one.name} {{\n  version {one.version}\n  interface eth0\n  state BACKUP\n"
                     f"  virtual_router_id {one.id}\n  priority {priority}\n  advert_int {one.interval:g}\n"
                     f"  {extra}\n  {one.extra}\n")
            if one.unicast:
                text += (f"  unicast_src_ip {one.source(self.number)}\n"
                         f"  unicast_peer {{\n    {one.source(other)}\n  }}\n")
            text += "  virtual_ipaddress {\n" + "".join(
                f"    {prefix} dev eth0\n" for prefix in one.prefixes()) + "  }\n}\n"
        self.file.write_text(text)

    def has(self, instance):
        return has(self.host, instance.vip)

    def source(self, instance):
        return instance.source(self.number)

    def start(self):
        self.daemon = self.host.start(
            "keepalived", "-n", "-P", "-l", "-D", "-f", self.file, "-p", self.bed.directory / f"{self.name}.pid",
            "-r", self.bed.directory / f"{self.name}-vrrp.pid", log="keepalived")

    def stop(self):
        return self.daemon.end(seconds=10)

    def kill(self):
        """Both of its processes; what it has put into the kernel stays, as after ours."""
        self.daemon.send(signal.SIGSTOP)  # or it would start its child again
        for child in subprocess.run(["pgrep", "-P", str(self.daemon.pid)], capture_output=True,
                                    text=True).stdout.split():
            self.host.run("kill", "-9", child)
        self.daemon.popen.kill()
        self.daemon.popen.wait()
        # It takes the id of a child that nobody has collected yet for a running daemon's.
        for file in self.bed.directory.glob(f"{self.name}*.pid"):
            file.unlink()


class FRRouting:
    """zebra and vrrpd; the virtual addresses are on macvlans, which vrrpd takes down as backup."""

    # vrrpd takes the owner's priority from the link's own addresses, and no 255 by hand.
    word, nopreempt, canOwn = "FRR", "no vrrp ID preempt", False

    def __init__(self, bed, host, number):
        self.bed, self.host, self.name, self.number = bed, host, host.name, number
        self.directory = bed.directory / "frr"
        self.directory.mkdir()
        # Its daemons run as the user frr.
        bed.directory.chmod(0o711)
        subprocess.run(["chown", "frr:frr", self.directory], check=True)
        self.file = self.directory / "vrrpd.conf"
        self.zebra = None

    def link(self, instance):
        return f"v{instance.family}-{instance.id}"

    def source(self, instance):
        """In IPv6 vrrpd sends from its virtual address on the macvlan."""
        return instance.source(self.number) if instance.family == 4 else instance.virtual()[0]

    def has(self, instance):
        return "LOWER_UP" in self.host.json("link", "show", "dev", self.link(instance))[0]["flags"]

    def configure(self, instances, *, priority=100, extra=""):
        text = "log stdout\ninterface eth0\n"
        for one in instances:
            text += "".join(f" vrrp {one.id} {words}\n" for words in (
                f"version {one.version}", f"priority {priority}",
                f"advertisement-interval {round(one.interval * 1000)}"))
            text += "".join(f" {line.replace('ID', str(one.id))}\n" for line in (one.extra, extra) if line)
            text += "".join(f" vrrp {one.id} {'ip' if one.family == 4 else 'ipv6'} {address}\n"
                            for address in one.virtual())
        self.file.write_text(text)
        if not self.zebra:
            for one in instances:
                link = self.link(one)
                self.host.ip(
                    f"link add {link} link eth0 address 00:00:5e:00:0{1 if one.family == 4 else 2}:{one.id:02x}"
                    " type macvlan mode bridge")
                self.host.sysctl(**{f"net_ipv6_conf_{link}_addr__gen__mode": 1})
                self.host.ip(*[f"{'-6 ' if one.family == 6 else ''}address add {prefix} dev {link}"
                               + (" nodad" if one.family == 6 else "") for prefix in one.prefixes()],
                             f"link set {link} up")
            (self.directory / "zebra.conf").touch()
            self.zebra = self.run("zebra")
            wait_for("zebra", (self.directory / "zserv").exists)

    def run(self, name):
        return self.host.start(
            f"{FRR}/{name}", "-f", self.directory / f"{name}.conf", "-z", self.directory / "zserv",
            "-i", self.directory / f"{name}.pid", "--vty_socket", self.directory, "-A", "127.0.0.1", log=name)

    def start(self):
        self.daemon = self.run("vrrpd")

    def stop(self):
        return self.daemon.end(seconds=10)

    def kill(self):
        self.daemon.popen.kill()
        self.daemon.popen.wait()


@dataclasses.dataclass
class Advertisement:
    at: float  # seconds since 1970
    source: str
    destination: str
    hops: int
    version: int
    id: int
    priority: int


class Advertisements:
    """Those on the segment, by tcpdump."""

    # 1764234.123456 IP (tos 0xc0, ttl 255, ...) 192.0.2.1 > 224.0.0.18: vrrp 192.0.2.1 > 224.0.0.18: VRRPv3,
    # Advertisement, vrid 3, prio 200, intvl 10cs, length 12, addrs: 192.0.2.103
    FORM = re.compile(
        r"^(\S+) IP6? \(.*?(?:ttl|hlim) (\d+).*?\)\s+(\S+) > (\S+?): .*?VRRPv(\d), Advertisement,"
        r" vrid (\d+), prio (\d+)", re.MULTILINE)

    def __init__(self, segment):
        self.process = segment.switch.start(
            "tcpdump", "-i", "br0", "-nnvtt", "-l", "--immediate-mode", "-B", 8192, "proto 112 or ip6 proto 112",
            log="advertisements")
        wait_for("tcpdump", lambda: "listening on" in self.process.text())
        self.read, self.all, self.rest = 0, [], ""

    def update(self):
        with open(self.process.log, errors="replace") as file:
            file.seek(self.read)
            text = self.rest + file.read()
            self.read = file.tell()
        # tcpdump breaks the line between the header and the message.
        text = re.sub(r"\)\n\s+", ") ", text)
        whole, newline, self.rest = text.rpartition("\n")
        for at, hops, source, destination, version, id, priority in self.FORM.findall(whole + newline):
            self.all.append(Advertisement(float(at), source, destination, int(hops), int(version), int(id),
                                          int(priority)))
        return self.all

    def since(self, at, instance, source=None):
        return [one for one in self.update() if one.at >= at and one.id == instance.id
                and (":" in one.source) == (instance.family == 6) and source in (None, one.source)]

    def masters(self, instance, longer=1):
        """The sources that have advertised within the last interval and a bit; an interval may be so much longer."""
        since = time.time() - 1.2 * instance.interval * longer - 0.1 * SLOWNESS
        last = {one.source: one for one in self.since(since, instance)}
        return {source for source, one in last.items() if one.priority}

    def wait_master(self, instance, *sources, seconds=10, longer=1):
        """Waits until these, and no others, advertise."""
        try:
            wait_for("", lambda: self.masters(instance, longer) == set(sources), seconds)
            return True
        except Exception:
            return False

    def last(self, since, instance, source):
        """When this source advertised as master for the last time since then; None: not at all."""
        return max((one.at for one in self.since(since, instance, source) if one.priority), default=None)


class AddressEvents:
    """What `ip monitor address` tells of a host, with its times."""

    # [2026-11-27T09:00:00.123456] Deleted 2: eth0    inet 192.0.2.101/24 scope global secondary eth0
    FORM = re.compile(r"^\[(\S+)\] (Deleted )?\d+: (\S+)\s+inet6? ([^/\s]+)", re.MULTILINE)

    def __init__(self, host):
        self.host = host
        self.process = host.start("stdbuf", "-oL", "ip", "-ts", "-o", "monitor", "address",
                                  log=f"address-monitor-{time.monotonic():.3f}")

        def listens():
            host.ip("address add 198.51.100.1/32 dev lo", "address delete 198.51.100.1/32 dev lo")
            return "198.51.100.1" in self.process.text()
        wait_for("ip monitor", listens)

    def of(self, address, since=0):
        """[(when, whether it came)]"""
        found = [(datetime.datetime.fromisoformat(at).timestamp(), not deleted)
                 for at, deleted, _, this in self.FORM.findall(self.process.text()) if this == address]
        return [event for event in found if event[0] >= since]


def has(host, address, link="eth0"):
    return any(info["local"] == address for shown in host.json("address", "show", "dev", link)
               for info in shown.get("addr_info", []) if "local" in info)


def gap(before, after, address, since):
    """For how long nobody has had the address that moved from one host to another, by their events; below 0: both had it.

    An address that comes where it is was renewed.
    """
    left = [at for at, came in before.of(address, since) if not came]
    came = [at for at, came in after.of(address, since) if came]
    return came[0] - left[0] if left and came else None
