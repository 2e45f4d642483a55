"""What the seed's network needs for ingress: real servers, and clients in the internet.

    remote0 .. 3   45.0.0.100 .. .151, 13 addresses each; the exits forward port 6881 into their tunnels
    server0 .. 2   192.168.27.0 .., the first of the 16 real servers of "port-1"; the others are missing
    names          192.168.27.128, the first of the DNS servers
"""

from network import ECHO, INTERNET, ROUTER_LINK, VIP, VIP6, Network, ingress, state
from router import LINK
from testbed import SLOWNESS, wait_for

PORT = 6881
# Of www.example, as `named` says.
ANSWER = "192.0.2.7"
VIPS = [VIP, VIP6, *map(ingress, range(8))]
PLACES = 13


class Ingress:
    def __init__(self, bed, routers=1, is_live=True, probes_tunnels=False, dual=False, elects=False,
                 names=1):
        """The network, the routers' daemons, and the first router with all VIPs.

        If it isn't live, `apply` is told who is up. If the routers elect their master, by VRRP on a link of their
        own, the first is better.
        """
        self.populate(Network(bed, routers=routers), names)
        network = self.network
        value = state(vips=False, dual=dual)  # VRRP's part is done by hand, unless they elect
        # 38 probes a second instead of 166, for servers that don't exist: two routers may share a core.
        value["services"] = {name: value["services"][name] for name in ("port-1", "dns")}
        patience = {"interval": f"{SLOWNESS:g}s", "timeout": f"{750 * SLOWNESS:g}ms"}
        value["gateways"]["probe"] |= patience
        value["services"]["port-1"]["probe"] = {
            "tcp": {"type": "tcp"} | patience, "udp": {"type": "icmp"} | patience}
        value["services"]["dns"]["probe"] = {
            "tcp": {"type": "tcp"} | patience, "udp": {"type": "dns", "name": ".", "qtype": "SOA"} | patience}
        if probes_tunnels:
            # Each with its gateway's mark, to the echo server.
            value["probes"] = {f"tunnel{tunnel.number}": {
                "type": "http", "address": ECHO, "mark": f"0x19{tunnel.number:02x}"} | patience
                for tunnel in network.tunnels}
        for number, router in enumerate(network.routers):
            router.write(value | self.election(number) if elects else value)
            if not is_live:
                self.apply(router)
                continue
            router.start()
        for router in network.routers if is_live else []:
            router.wait_signals({f"gw{n}": "up" if n < 4 else "down" for n in range(8)})
            self.wait_servers(router, {n: "up" if n < 3 else "down" for n in range(16)})
        if not elects:
            network.routers[0].take(*VIPS)
        wait_for("a first answer", lambda: self.remotes[0].ask(
            "ask", "tcp", self.publics[0], 1)[0], 20)

    def populate(self, network, names=1, areNamesKept=False):
        """Real servers, DNS servers (without a program) and remote clients; the exits forward their port.

        `areNamesKept`: the DNS servers' routes are vpngw's.
        """
        self.bed, self.network = network.bed, network
        for tunnel in network.tunnels:
            # As a VPN provider forwards a port.
            tunnel.exit.nft(f"""table inet forwarded {{
              chain prerouting {{ type nat hook prerouting priority dstnat
                iifname "eth0" meta l4proto {{ tcp, udp }} th dport {PORT} dnat ip to {tunnel.inside}
              }}
            }}""")
            # 30 s is too short for an emulated processor: the flow would be forgotten.
            for host in tunnel.exit, tunnel.gateway:
                host.sysctl(net_netfilter_nf__conntrack__udp__timeout=int(30 * SLOWNESS))
        self.hosts = self.bed.hosts_named("server", 3)
        for number, host in enumerate(self.hosts):
            self.join(host, 150 + number, number)
        self.servers = [None, None, None]
        for number in range(3):
            self.start(number)
        self.resolvers = self.bed.hosts_named("names", names)
        for number, host in enumerate(self.resolvers):
            self.join(host, 160 + number, 128 + number, isRouted=not areNamesKept)
        self.names = self.resolvers[0]
        self.remotes = []
        for number, host in enumerate(self.bed.hosts_named("remote", 4)):
            network.join_internet(host, 40 + number)
            own = [f"45.0.0.{100 + PLACES * number + n}" for n in range(PLACES)]
            host.ip(*[f"address add {address}/24 dev eth0" for address in own])
            self.remotes.append(host.worker("remote", PORT, *own))
        self.publics = [tunnel.public for tunnel in network.tunnels]

    def election(self, number):
        """Two instances on the routers' own link, and what moves with them."""
        serves = {"all": [{"any": [f"probe.gw{n}" for n in range(4)]},
                          {"any": [f"probe.port-1.tcp.192.168.27.{n}" for n in range(3)]}]}
        instance = {"link": ROUTER_LINK, "interval": "100ms", "priority": 200 - 100 * number, "addresses": [],
                    # A router that its clients can't reach is no master. One that reaches no gateway or no server is
                    # worse than the other; when it does again, it takes a while until it knows them all.
                    "track": [{"when": f"link.{LINK}"}, {"when": serves, "weight": -150 if number == 0 else -50}],
                    "preempt_delay": "3s"}
        return {
            "links": [{"name": name, "managed": False} for name in (LINK, ROUTER_LINK)],
            "vrrp": {"clients": {"id": 51} | instance, "gateways": {"id": 52} | instance},
            "addresses": [
                {"link": LINK, "address": f"{vip}/64", "nodad": True, "when": "vrrp.clients"} if ":" in vip else
                {"link": LINK, "address": f"{vip}/22", "when": f"vrrp.{'clients' if vip == VIP else 'gateways'}"}
                for vip in VIPS]}

    def apply(self, router):
        signals = {f"gw{n}": n < 4 for n in range(8)}
        signals |= {f"port-1.{protocol}.192.168.27.{n}": n < 3
                    for protocol in ("tcp", "udp") for n in range(16)}
        router.vpngw("apply", *[
            word for name, isUp in signals.items()
            for word in ("--signal", f"probe.{name}={'up' if isUp else 'down'}")], router.file)

    def join(self, host, number, server, isRouted=True):
        self.network.join_cluster(host, number, f"192.168.27.{server}", f"fd24::27:{server:x}")
        if isRouted:
            # Answers to the internet and to client pods go through the router, as the seed's do.
            host.ip(*[f"route add {prefix} via {VIP}" for prefix in [*INTERNET, "192.168.24.0/24"]])
        host.sysctl(net_ipv4_conf_all_accept__redirects=0)

    def hairpin(self):
        """From now on the exits also forward their port for clients within the tunnel."""
        for tunnel in self.network.tunnels:
            tunnel.exit.nft(f"""table inet hairpin {{
              chain prerouting {{ type nat hook prerouting priority dstnat
                iifname "wg0" ip daddr {tunnel.public} meta l4proto {{ tcp, udp }} th dport {PORT} dnat ip to {tunnel.inside}
              }}
              chain postrouting {{ type nat hook postrouting priority srcnat
                iifname "wg0" oifname "wg0" snat ip to {tunnel.public}
              }}
            }}""")

    def start(self, number):
        host = self.hosts[number]
        self.servers[number] = host.worker("real", host.name, PORT)

    def wait_servers(self, router, states, seconds=30):
        router.wait_signals(
            {f"port-1.{protocol}.192.168.27.{number}": state
             for number, state in states.items() for protocol in ("tcp", "udp")}, seconds)

    def every(self, *words):
        """All remote clients at once; their answers."""
        for remote in self.remotes:
            remote.begin(*words)
        return [remote.answer() for remote in self.remotes]

    def open(self, label, protocol, mode, count):
        """This many flows of each client, over all gateways; returns how many are open, by server."""
        return summed(self.every("open", label, protocol, mode, count, *self.publics))

    def report(self, label, seconds=2):
        """{server: {state: count}}"""
        total = {}
        for answer in self.every("report", label, seconds):
            for server, states in answer.items():
                total[server] = summed([total.get(server, {}), states])
        return total

    def say(self):
        """The servers speak first; returns to how many."""
        return sum(server.ask("say") for server in self.servers)


def summed(counts):
    total = {}
    for count in counts:
        for key, number in count.items():
            total[key] = total.get(key, 0) + number
    return dict(sorted(total.items()))


def named(host):
    """bind9, which knows www.example and nothing else."""
    directory = host.bed.directory / f"{host.name}-named"
    directory.mkdir()
    (directory / "zone").write_text(f"""$TTL 60
@ SOA ns. root. 1 3600 600 86400 60
@ NS ns.
ns. A 192.168.27.128
www.example. A {ANSWER}
""")
    (directory / "named.conf").write_text(f"""
options {{
  directory "{directory}"; pid-file none; session-keyfile none; recursion no;
  listen-on {{ any; }}; listen-on-v6 {{ none; }}; dnssec-validation no;
}};
controls {{ }};
zone "." {{ type primary; file "zone"; }};
""")
    return host.start("named", "-g", "-n", 1, "-c", directory / "named.conf")
