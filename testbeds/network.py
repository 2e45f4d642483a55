"""The network of the seed: VPN gateways in a cluster, their exits, and the internet behind.

    internet, 45.0.0.0/24 ---- exit0 .. exit3 (.10 .. .13)
      |  echo server .1           | WireGuard by wireguard-go, through node and internet
    node (.2, masquerades)        |
      |-- cluster0, 10.244.0.0/24: eth0 of every pod, the default route, where a leak would be seen
      `-- vpn-gw-bridge0, 192.168.24.0/22: vpn-gw-veth0 of every pod
            gw0 .. gw3   192.168.25.128 ..   like gluetun: tun0, table 51820, health and control server
            router0, 1   192.168.26.1, .2    VIP 192.168.26.254, a VIP a gateway 192.168.26.128 ..
                         on vpn-r-veth0, 192.168.28.1, .2, they speak VRRP with each other
            clients      192.168.24.1 ..     the internet via the VIP

IPv6 alike: 2a00:45::/64, fd10:244::/64, fd24::/64. Everything internal is reserved, nothing outside is.
"""

import collections, json, re, subprocess, time
from router import LINK, Router
from testbed import ROOT, SLOWNESS, said, wait_for

ECHO, ECHO6, PORT = "45.0.0.1", "2a00:45::1", 80
VIP, VIP6 = "192.168.26.254", "fd24::26:254"
SINGLE_VIP = "192.168.26.253"
ROUTER_LINK = "vpn-r-veth0"
PODS4, PODS6 = "192.168.24.0/22", "fd24::/64"
MTU = 1420
# Everything except 10.0.0.0/8: the seed's routes of a client pod.
INTERNET = ["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3",
            "64.0.0.0/2", "128.0.0.0/1"]


# `modprobe` where there are modules.
BALANCER = "nft" if subprocess.run(["ipvsadm", "-Sn"], capture_output=True).returncode else "ipvs"


def is_up(host, link):
    return link in (shown.get("ifname") for shown in host.json("link", "show", "up"))


def ingress(number):
    return f"192.168.26.{128 + number}"


def addresses(number):
    """Its addresses on the VPN network."""
    return f"192.168.25.{128 + number}", f"fd24::25:{0x128 + number:x}"


def state(role="router", *, vips=True, vrrp=True, dual=False, services=True, **changes):
    """A state file from states/, as a value; `changes` are merged into its section gateways.

    Without `vips`, its own addresses are left to the testbed's hand; without `vrrp` they are there from the
    start, whoever else has them. `dual` adds IPv6. Where the kernel has no IPVS, nftables balances; without
    `services` there is nothing to balance, nor to probe.
    """
    value = json.loads((ROOT / f"states/{role}.json").read_text())
    value.pop("$schema", None)
    if not services:
        value.pop("services", None)
    for service in value.get("services", {}).values():
        service["balancer"] = BALANCER
    gateways = value["gateways"]
    if dual:
        members = gateways["members"]
        members["addresses"] = [members["addresses"], "fd24::25:128/125"]
        gateways["egress"]["from"] = [PODS4, PODS6]
        value["addresses"].append({"link": LINK, "address": f"{VIP6}/64", "nodad": True,
                                   "when": "vrrp.router"})
    if not vips:
        value["addresses"] = []
    if not vips or not vrrp:
        value.pop("vrrp", None)
        for address in value["addresses"]:
            address.pop("when", None)
    for key, section in changes.items():
        gateways[key] = gateways.get(key, {}) | section
    if SLOWNESS != 1:
        # A gateway that answers as fast as it can must not look dead.
        value["signals"] = {"deadline": slowed("30s")}
        for key in "interval", "timeout":
            gateways["probe"][key] = slowed(gateways["probe"][key])
    return value


def slowed(duration):
    """`750ms` or `1s`, multiplied on slow processors."""
    number, unit = re.fullmatch(r"(\d+)(ms|s)", duration).groups()
    return f"{int(int(number) * (1000 if unit == 's' else 1) * SLOWNESS)}ms"


class Tunnel:
    """A gateway and its exit: like a pod with gluetun, and a VPN provider's server."""

    def __init__(self, bed, number, gateway, exit):
        self.bed, self.number, self.gateway, self.exit = bed, number, gateway, exit
        self.name = f"gw{number}"
        self.address, self.address6 = addresses(number)
        self.public, self.public6 = f"45.0.0.{10 + number}", f"2a00:45::{10 + number}"
        self.inside, self.inside6 = f"10.2.{number}.2", f"fd02:{number}::2"
        self.answers = bed.directory / f"{self.name}.json"
        self.programs = []
        keys = [said(["wg", "genkey"]).strip() for _ in range(2)]
        public = [said(f"echo {key} | wg pubkey", shell=True).strip() for key in keys]
        self.configuration = bed.directory / f"{self.name}.conf"
        # Incoming packets pass the node's masquerading as long as something goes out.
        self.configuration.write_text(
            f"[Interface]\nPrivateKey = {keys[0]}\nFwMark = 51820\n"
            f"[Peer]\nPublicKey = {public[1]}\nEndpoint = {self.public}:51820\n"
            "AllowedIPs = 0.0.0.0/0, ::/0\nPersistentKeepalive = 10\n")
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
        """What survives gluetun: the init containers' rules, and a guard of our own after them."""
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
        """Waits until the tunnel carries packets and the stand-in answers."""
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
        """Changes the answers of the stand-in for gluetun."""
        new = self.answers.with_suffix(".new")
        new.write_text(json.dumps({"public_ip": self.public} | values))
        new.rename(self.answers)

    def kill(self):
        """Like a pod that dies: no tunnel, no answers. Returns the time (CLOCK_MONOTONIC)."""
        for program in self.programs:
            program.popen.kill()
        now = time.monotonic()
        for program in self.programs:
            program.popen.wait()
        return now


class Leaks:
    """tcpdump on the cluster's bridge, which sees what every pod's eth0 sends.

    Everything of the VPN network or for the echo server counts, but the tunnels' own packets; and what is
    for the false sources of testbeds/programs/client.
    """

    def __init__(self, network):
        self.network, self.marks, self.seen = network, 0, 0
        self.names = {}
        for host in network.pods:
            self.names[host.json("link", "show", "dev", "eth0")[0]["address"]] = host.name
        self.process = network.node.start(
            "tcpdump", "-i", "cluster0", "-Q", "in", "-enlq", "--immediate-mode",
            f"(net {PODS4} or net {PODS6} or host {ECHO} or host {ECHO6}"
            " or host 9.9.9.9 or host 2620:fe::9)"
            " and not udp port 51820 and not arp"
            " and not (icmp6 and ip6[40] >= 130 and ip6[40] <= 143)",  # MLD, neighbor discovery
            log="leaks")
        wait_for("tcpdump", lambda: "listening on" in self.process.text())

    def packets(self):
        """[(pod, IPv4 or IPv6, the rest)]"""
        # 02:44:42.1 aa:1a:b4:e5:a0:bd > 22:b8:20:af:ed:a4, IPv6, length 94: fd24::24:1.3 > ...: tcp 0
        found = re.findall(r"^\S+ (\S+) > \S+ (IPv[46]), length \d+: (.*)$", self.process.text(),
                           re.MULTILINE)
        return [(self.names.get(mac, mac), family, text) for mac, family, text in found]

    def new(self):
        """The packets since the last call; a marker of our own shows that all have arrived."""
        self.marks += 1
        size = 100 + self.marks
        mark = f"> {ECHO}: ICMP echo request"

        def is_marked():
            self.network.clients[0].run("ping", "-c1", "-W5", "-s", size, "-I", "eth0", ECHO)
            return any(mark in text and text.endswith(f"length {size + 8}")
                       for _, _, text in self.packets())
        wait_for("tcpdump sees the mark", is_marked)
        packets = [packet for packet in self.packets() if mark not in packet[2]]
        new, self.seen = packets[self.seen:], len(packets)
        return new


class Network:
    tunnel = Tunnel

    def __init__(self, bed, *, routers=1, clients=1, gateways=4, vip=VIP):
        """Builds everything except what the routers do; their hosts are pods with just two links."""
        self.bed, self.pods = bed, []
        self.internet = bed.host("internet")
        # A bridge without a MAC address of its own takes the lowest of its ports', perhaps another with each new port,
        # which a neighbor that has asked before doesn't notice for up to a minute.
        self.internet.ip("link add world address 02:00:2d:00:00:01 type bridge", "link set world up",
                         f"address add {ECHO}/24 dev world", f"address add {ECHO6}/64 dev world nodad")
        self.node = bed.host("node", net_ipv4_ip__forward=1, net_ipv6_conf_all_forwarding=1)
        self.node.ip("link add cluster0 address 02:00:0a:f4:00:01 type bridge", "link set cluster0 up",
                     "address add 10.244.0.1/24 dev cluster0",
                     "address add fd10:244::1/64 dev cluster0 nodad")
        self.join_internet(self.node, 2)
        self.node.nft("""table inet nat {
          chain postrouting { type nat hook postrouting priority srcnat
            oifname "eth0" ip saddr 10.244.0.0/24 masquerade
            oifname "eth0" ip6 saddr fd10:244::/64 masquerade
          }
        }""")
        self.build_nodes()
        self.internet.program("echo")

        forwards = {"net_ipv4_ip__forward": 1, "net_ipv6_conf_all_forwarding": 1}
        exits = [bed.host(f"exit{number}", **forwards) for number in range(gateways)]
        pods = [bed.host(f"gw{number}", **forwards) for number in range(gateways)]
        for number, (exit, pod) in enumerate(zip(exits, pods)):
            self.join_internet(exit, 10 + number)
            exit.sysctl(net_ipv4_conf_all_send__redirects=0)
            self.join_cluster(pod, 100 + number, *addresses(number))
            # In and out on one link, when a client's packets go to another pod on it.
            pod.sysctl(net_ipv4_conf_all_send__redirects=0)
            pod.sysctl(**{f"net_ipv4_conf_{LINK}_send__redirects": 0})
        self.tunnels = [self.tunnel(bed, number, pod, exit)
                        for number, (exit, pod) in enumerate(zip(exits, pods))]
        for tunnel in self.tunnels:
            tunnel.prepare()

        self.routers = []
        for number in range(routers):
            host = bed.host(f"router{number}")
            self.join_cluster(host, 10 + number, f"192.168.26.{1 + number}", f"fd24::26:{1 + number}")
            self.plug(host, ROUTER_LINK, f"{host.name}-r", "vpn-r-bridge0")
            host.ip(f"address add 192.168.28.{1 + number}/24 dev {ROUTER_LINK}")
            self.routers.append(Router(bed, host))
        self.clients = []
        for number in range(clients):
            pod = bed.host(f"client{number}")
            self.join_cluster(pod, 200 + number, f"192.168.24.{1 + number}", f"fd24::24:{1 + number}")
            pod.ip(*[f"route add {prefix} via {vip}" for prefix in [*INTERNET, "10.33.0.10/32"]],
                   f"-6 route add 2000::/3 via {VIP6}")
            self.clients.append(pod)
        for tunnel in self.tunnels:
            tunnel.wait()

    def build_nodes(self):
        """The networks' bridges: here one node has them."""
        self.node.ip(f"link add vpn-gw-bridge0 mtu {MTU} type bridge", "link set vpn-gw-bridge0 up",
                     "link add vpn-r-bridge0 address 02:00:0a:f5:00:01 type bridge mcast_snooping 0",
                     "link set vpn-r-bridge0 up")

    def plug(self, host, link, port, bridge, mtu=1500):
        """A pod's link, in a bridge of its node."""
        self.bed.wire(host, link, self.node, port, bridge=bridge, mtu=mtu)

    def join_internet(self, host, number):
        self.bed.wire(host, "eth0", self.internet, host.name, bridge="world")
        host.ip(f"address add 45.0.0.{number}/24 dev eth0",
                f"address add 2a00:45::{number}/64 dev eth0 nodad")

    def join_cluster(self, host, number, address, address6):
        """A pod: eth0 with the default routes, and a link of the VPN network."""
        self.bed.wire(host, "eth0", self.node, host.name, bridge="cluster0")
        self.plug(host, LINK, f"{host.name}-vpn", "vpn-gw-bridge0", mtu=MTU)
        self.pods.append(host)
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
        """The gateway that an exit address belongs to; any other address is returned unchanged."""
        return {address: tunnel.name for tunnel in self.tunnels
                for address in (tunnel.public, tunnel.public6)}.get(exit, exit)

    def requests(self, count, address=ECHO, client=0):
        """As the seed does it: curl, again and again; returns the exit addresses, and how many failed."""
        script = (f'for n in $(seq {count}); do curl -fsm {5 * SLOWNESS:g}'
                  f' http://{f"[{address}]" if ":" in address else address} || echo failed; done')
        answers = self.clients[client].run("bash", "-c", script).split()
        counts = collections.Counter(map(self.name, answers))
        return dict(sorted(counts.items())), counts.pop("failed", 0)
