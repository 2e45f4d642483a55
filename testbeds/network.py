"""The network of the seed: VPN gateways in a cluster, their exits, and the internet behind.

    internet, 45.0.0.0/24 ---- exit0 .. exit3 (.10 .. .13)
      |  echo server .1           | WireGuard by wireguard-go, through node and internet
    node (.2, masquerades)        |
      |-- cluster0, 10.244.0.0/24: eth0 of every pod, the default route, where a leak would be seen
      `-- vpn-gw-bridge0, 192.168.24.0/22: vpn-gw-veth0 of every pod
            gw0 .. gw3   192.168.25.128 ..   like gluetun: tun0, table 51820, health and control server
            router0, 1   192.168.26.1, .2    VIP 192.168.26.254, a VIP a gateway 192.168.26.128 ..
            clients      192.168.24.1 ..     the internet via the VIP

IPv6 alike: 2a00:45::/64, fd10:244::/64, fd24::/64. Everything internal is reserved, nothing outside is.
"""

import collections, json, re, subprocess, time
from testbed import PROGRAMS, ROOT, SLOWNESS, VPNGW, Failure, said, wait_for

ECHO, ECHO6, PORT = "45.0.0.1", "2a00:45::1", 80
VIP, VIP6 = "192.168.26.254", "fd24::26:254"
SINGLE_VIP = "192.168.26.253"
PODS4, PODS6 = "192.168.24.0/22", "fd24::/64"
LINK = "vpn-gw-veth0"
MTU = 1420
STATUS = "http://127.0.0.1:9118"
# All but 10.0.0.0/8: the seed's routes of a client pod.
INTERNET = ["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3",
            "64.0.0.0/2", "128.0.0.0/1"]


def is_up(host, link):
    return link in (shown.get("ifname") for shown in host.json("link", "show", "up"))


def ingress(number):
    return f"192.168.26.{128 + number}"


def gateway(number):
    """Its addresses on the VPN network."""
    return f"192.168.25.{128 + number}", f"fd24::25:{0x128 + number:x}"


def state(role="router", *, vips=True, dual=False, **changes):
    """A state file of states/, as a value; `changes` are merged into its section gateways.

    Without `vips`, its own addresses are left to the testbed's hand; `dual` adds IPv6.
    """
    value = json.loads((ROOT / f"states/{role}.json").read_text())
    value.pop("$schema", None)
    gateways = value["gateways"]
    if dual:
        members = gateways["members"]
        members["addresses"] = [members["addresses"], "fd24::25:128/125"]
        gateways["egress"]["from"] = [PODS4, PODS6]
        value["addresses"].append({"link": LINK, "address": f"{VIP6}/64", "nodad": True})
    if not vips:
        value["addresses"] = []
    for key, section in changes.items():
        gateways[key] = gateways.get(key, {}) | section
    return value


class Tunnel:
    """A gateway and its exit: what a pod with gluetun is, and a VPN provider's server."""

    def __init__(self, bed, number, gateway, exit):
        self.bed, self.number, self.gateway, self.exit = bed, number, gateway, exit
        self.name = f"gw{number}"
        self.address, self.address6 = gateway(number)
        self.public, self.public6 = f"45.0.0.{10 + number}", f"2a00:45::{10 + number}"
        self.inside, self.inside6 = f"10.2.{number}.2", f"fd02:{number}::2"
        self.answers = bed.directory / f"{self.name}.json"
        self.programs = []
        keys = [said(["wg", "genkey"]).strip() for _ in range(2)]
        public = [said(f"echo {key} | wg pubkey", shell=True).strip() for key in keys]
        self.configuration = bed.directory / f"{self.name}.conf"
        self.configuration.write_text(
            f"[Interface]\nPrivateKey = {keys[0]}\nFwMark = 51820\n"
            f"[Peer]\nPublicKey = {public[1]}\nEndpoint = {self.public}:51820\n"
            "AllowedIPs = 0.0.0.0/0, ::/0\n")
        server = bed.directory / f"exit{number}.conf"
        server.write_text(
            f"[Interface]\nPrivateKey = {keys[1]}\nListenPort = 51820\n"
            f"[Peer]\nPublicKey = {public[0]}\nAllowedIPs = {self.inside}/32, {self.inside6}/128\n")
        exit.program("wireguard", "wg0", server)
        exit.nft(f"""table inet nat {{
          chain postrouting {{ type nat hook postrouting priority srcnat
            oifname "eth0" masquerade
          }}
        }}""")
        wait_for(f"{exit.name}: wg0", lambda: is_up(exit, "wg0"))
        exit.ip(f"route add {self.inside} dev wg0", f"-6 route add {self.inside6} dev wg0")

    def prepare(self):
        """What outlives gluetun: the init containers' rules, and a guard of our own behind them."""
        self.answer()
        local = ["192.168.24.0/22", "10.0.0.0/8"]
        self.gateway.ip(
            *[f"rule add priority 98 to {prefix} lookup main" for prefix in local],
            f"-6 rule add priority 98 to {PODS6} lookup main",
            "-6 rule add priority 98 to fd10::/16 lookup main",
            *[f"{family}rule add priority 101 not fwmark 51820 lookup 51820" for family in ("", "-6 ")],
            # The tunnel's table is empty without the tunnel.
            *[f"{family}rule add priority 102 iif {LINK} unreachable" for family in ("", "-6 ")])
        vip = ingress(self.number)
        self.gateway.nft(f"""table inet nat {{
          chain prerouting {{ type nat hook prerouting priority dstnat
            iifname "tun0" meta nfproto ipv4 meta l4proto {{ tcp, udp }} dnat ip to {vip}
          }}
          chain postrouting {{ type nat hook postrouting priority srcnat
            oifname "tun0" fib daddr type != {{ local, broadcast, anycast, multicast }} masquerade
          }}
        }}
        table inet guard {{
          chain forward {{ type filter hook forward priority filter
            iifname "{LINK}" oifname "tun0" ip saddr {vip} ct state {{ new, invalid }} drop
          }}
        }}""")
        self.start()

    def start(self):
        self.programs = [self.gateway.program("wireguard", "tun0", self.configuration)]
        wait_for(f"{self.name}: tun0", lambda: is_up(self.gateway, "tun0"))
        self.gateway.ip(f"address add {self.inside}/32 dev tun0",
                        f"-6 address add {self.inside6}/128 dev tun0 nodad",
                        *[f"{family}route add default dev tun0 table 51820" for family in ("", "-6 ")])
        self.programs.append(self.gateway.program("gluetun", self.answers))

    def wait(self):
        """Until the tunnel carries packets, and the stand-in answers."""
        def works():
            done = subprocess.run(
                [*self.gateway.prefix, "curl", "-sfm", "2", "--interface", "tun0", f"http://{ECHO}"],
                capture_output=True, text=True)
            return done.stdout.strip() == self.public
        wait_for(f"{self.name}: the tunnel", works, 20)
        wait_for(f"{self.name}: health", lambda: subprocess.run(
            [*self.gateway.prefix, "curl", "-sf", "http://127.0.0.1:9999"], capture_output=True
        ).returncode == 0)

    def answer(self, **values):
        """Changes what the stand-in for gluetun says."""
        new = self.answers.with_suffix(".new")
        new.write_text(json.dumps({"public_ip": self.public} | values))
        new.rename(self.answers)

    def kill(self):
        """As a pod that dies: no tunnel, nobody answers. Gives the time (CLOCK_MONOTONIC)."""
        for program in self.programs:
            program.popen.kill()
        now = time.monotonic()
        for program in self.programs:
            program.popen.wait()
        return now


class Router:
    """A router pod and the daemon on it."""

    def __init__(self, bed, host, number):
        self.bed, self.host, self.name = bed, host, host.name
        self.file = bed.directory / f"{host.name}.json"
        self.run_directory = bed.directory / f"{host.name}-run"
        self.log = bed.log(host, "vpngw")
        self.daemon = None

    def write(self, value):
        text = value if isinstance(value, str) else json.dumps(value, indent=2)
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    def vpngw(self, verb, *words):
        return self.host.run(VPNGW, verb, "--run-directory", self.run_directory, *words)

    def start(self, *words, ready=True):
        self.daemon = self.host.start(
            VPNGW, "run", self.file, "--run-directory", self.run_directory, *words, log="vpngw")
        if ready:
            self.wait_ready()

    def wait_ready(self):
        def is_ready():
            if not self.daemon.runs:
                raise Failure(f"{self.name}: vpngw ended: {self.daemon.text()[-2000:]}")
            return self.fetch("/readyz") is not None
        wait_for(f"{self.name}: ready", is_ready, 20)

    def fetch(self, path):
        """The body, or None unless the status is 200."""
        done = subprocess.run([*self.host.prefix, "curl", "-sfm", "5", STATUS + path],
                              capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def status(self):
        return json.loads(self.fetch("/status") or "{}")

    def metric(self, name):
        """The sum of a metric's values, over all labels."""
        lines = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.fetch("/metrics") or "", re.MULTILINE)
        return sum(map(float, lines))

    def signals(self):
        return {signal["name"]: signal["state"] for signal in self.status().get("signals", [])}

    def wait_signals(self, states, seconds=20):
        """Until the gateways' probes say so: {"gw0": "up"}."""
        wanted = {f"probe.{name}": state for name, state in states.items()}
        wait_for(f"{self.name}: {states}",
                 lambda: wanted.items() <= self.signals().items(), seconds)

    def lines(self, event=None):
        text = self.log.read_text() if self.log.exists() else ""
        return [line for line in text.splitlines() if not event or f"event={event} " in line + " "]

    def take(self, *vips):
        """The VIPs by hand: VRRP's part."""
        self.host.ip(*[f"address replace {vip}{'/64 nodad' if ':' in vip else '/22'} dev {LINK}"
                       for vip in vips])
        self.host.run(PROGRAMS / "announce", LINK, *vips)

    def drop(self, *vips):
        self.host.ip(*[f"address delete {vip}{'/64' if ':' in vip else '/22'} dev {LINK}"
                       for vip in vips])


class Leaks:
    """tcpdump on the other end of every eth0: what client pods' packets must never be seen on.

    Everything counts but neighbor discovery, and the tunnels' own packets.
    """

    def __init__(self, network):
        tunnels = "udp port 51820"
        quiet = "arp or (icmp6 and ip6[40] >= 130 and ip6[40] <= 143)"
        self.process = network.node.start(
            "tcpdump", "-i", "any", "-Q", "in", "-nlq", "--immediate-mode",
            f"(net 192.168.24.0/22 or net {PODS6} or host {ECHO} or host {ECHO6})"
            f" and not ({tunnels}) and not ({quiet}) and not host 45.0.0.2 and not host 2a00:45::2",
            log="leaks")
        self.ports = network.uplinks
        wait_for("tcpdump", lambda: "listening on" in self.process.text())
        self.seen = 0

    def count(self):
        """New ones since the last time: {port: packets}."""
        lines = [line for line in self.process.text().splitlines() if " In " in line]
        new, self.seen = lines[self.seen:], len(lines)
        return collections.Counter(
            port for port in (line.split()[1] for line in new) if port in self.ports)

    def settle(self, network):
        """Waits until tcpdump has told all until now: a packet of our own shows it."""
        before = self.process.text().count(f" {network.clients[0].name} ")
        network.clients[0].run("ping", "-c1", "-W1", "-I", "eth0", "10.244.0.1")
        time.sleep(0.3 * SLOWNESS)


class Network:
    def __init__(self, bed, *, routers=1, clients=1, gateways=4, vip=VIP):
        """Builds all but what the routers do; their hosts are pods with two links and no more."""
        self.bed, self.uplinks = bed, set()
        self.internet = bed.host("internet")
        self.internet.ip("link add world type bridge", "link set world up",
                         f"address add {ECHO}/24 dev world", f"address add {ECHO6}/64 dev world nodad")
        self.node = bed.host("node", net_ipv4_ip__forward=1, net_ipv6_conf_all_forwarding=1)
        self.node.ip("link add cluster0 type bridge", "link set cluster0 up",
                     "address add 10.244.0.1/24 dev cluster0",
                     "address add fd10:244::1/64 dev cluster0 nodad",
                     f"link add vpn-gw-bridge0 mtu {MTU} type bridge", "link set vpn-gw-bridge0 up")
        self.join_internet(self.node, 2)
        self.node.nft("""table inet nat {
          chain postrouting { type nat hook postrouting priority srcnat
            oifname "eth0" ip saddr 10.244.0.0/24 masquerade
            oifname "eth0" ip6 saddr fd10:244::/64 masquerade
          }
        }""")
        self.internet.program("echo")

        forwards = {"net_ipv4_ip__forward": 1, "net_ipv6_conf_all_forwarding": 1}
        exits = [bed.host(f"exit{number}", **forwards) for number in range(gateways)]
        pods = [bed.host(f"gw{number}", **forwards) for number in range(gateways)]
        for number, (exit, pod) in enumerate(zip(exits, pods)):
            self.join_internet(exit, 10 + number)
            exit.sysctl(net_ipv4_conf_all_send__redirects=0)
            self.join_cluster(pod, 100 + number, *gateway(number))
            # In and out by one link, when a client's packets go to another of the link's pods.
            pod.sysctl(net_ipv4_conf_all_send__redirects=0)
            pod.sysctl(**{f"net_ipv4_conf_{LINK}_send__redirects": 0})
        self.tunnels = [Tunnel(bed, number, pod, exit)
                        for number, (exit, pod) in enumerate(zip(exits, pods))]
        for tunnel in self.tunnels:
            tunnel.prepare()

        self.routers = []
        for number in range(routers):
            host = bed.host(f"router{number}")
            self.join_cluster(host, 10 + number, f"192.168.26.{1 + number}", f"fd24::26:{1 + number}")
            self.routers.append(Router(bed, host, number))
        self.clients = []
        for number in range(clients):
            pod = bed.host(f"client{number}")
            self.join_cluster(pod, 200 + number, f"192.168.24.{1 + number}", f"fd24::24:{1 + number}")
            pod.ip(*[f"route add {prefix} via {vip}" for prefix in [*INTERNET, "10.33.0.10/32"]],
                   f"-6 route add 2000::/3 via {VIP6}")
            self.clients.append(pod)
        for tunnel in self.tunnels:
            tunnel.wait()

    def join_internet(self, host, number):
        self.bed.wire(host, "eth0", self.internet, host.name, bridge="world")
        host.ip(f"address add 45.0.0.{number}/24 dev eth0",
                f"address add 2a00:45::{number}/64 dev eth0 nodad")

    def join_cluster(self, host, number, address, address6):
        """A pod: eth0 with the default routes, and a link of the VPN network."""
        self.bed.wire(host, "eth0", self.node, host.name, bridge="cluster0")
        self.bed.wire(host, LINK, self.node, f"{host.name}-vpn", bridge="vpn-gw-bridge0", mtu=MTU)
        self.uplinks.add(host.name)
        host.ip(f"address add 10.244.0.{number}/24 dev eth0",
                f"address add fd10:244::{number}/64 dev eth0 nodad",
                "route add default via 10.244.0.1", "-6 route add default via fd10:244::1",
                f"address add {address}/22 dev {LINK}", f"address add {address6}/64 dev {LINK} nodad")

    def client(self, number=0):
        """An application in a client pod: testbeds/programs/client."""
        return self.clients[number].worker("client", ECHO, ECHO6, PORT)

    def wait_for_egress(self, address=ECHO, client=0):
        wait_for("a first request", lambda: not self.requests(1, address, client)[1], 15)

    def name(self, exit):
        """The gateway that an exit address belongs to; other addresses stay as they are."""
        return {address: tunnel.name for tunnel in self.tunnels
                for address in (tunnel.public, tunnel.public6)}.get(exit, exit)

    def requests(self, count, address=ECHO, client=0):
        """As the seed does it: curl, again and again; the exit addresses and how many failed."""
        script = (f'for n in $(seq {count}); do curl -fsm {5 * SLOWNESS:g}'
                  f' http://{f"[{address}]" if ":" in address else address} || echo failed; done')
        answers = self.clients[client].run("bash", "-c", script).split()
        counts = collections.Counter(map(self.name, answers))
        return dict(sorted(counts.items())), counts.pop("failed", 0)
