"""The network on two nodes, whose bridges the seed's VXLAN connects (states/simple-node.json, applied by vpngw).

    node    gateways, routers, servers          bond0 ---- bond0    node1    pods named in `far`
      `-- vpn-gw-bridge0 -- vpn-gw-vxlan0 (id 1000, 224.0.0.88) -- vpn-gw-bridge0 --'
"""

import re

from network import Network
from testbed import ROOT, VPNGW, wait_for


class TwoNodes(Network):
    far = "client",

    def build_nodes(self):
        self.second = self.bed.host("node1")
        self.node.ip("link add vpn-r-bridge0 type bridge mcast_snooping 0", "link set vpn-r-bridge0 up")
        self.bed.wire(self.node, "bond0", self.second, "bond0")
        for number, node in enumerate((self.node, self.second)):
            node.ip(f"address add 172.31.0.{1 + number}/24 dev bond0")
            node.run(VPNGW, "apply", "--run-directory", self.bed.directory / f"{node.name}-run",
                     ROOT / "states/simple-node.json")

    def plug(self, host, link, port, bridge, mtu=1500):
        isFar = bridge == "vpn-gw-bridge0" and host.name.startswith(self.far)
        self.bed.wire(host, link, self.second if isFar else self.node, port, bridge=bridge, mtu=mtu)


class Sizes:
    """The maximum segment sizes that both sides of a connection offer, as a host's link sees them, by tcpdump."""

    def __init__(self, host, link, port):
        self.port = port
        self.process = host.start(
            "tcpdump", "-i", link, "-nl", "--immediate-mode",
            f"port {port} and (tcp[tcpflags] & tcp-syn != 0 or (ip6[6] == 6 and ip6[53] & 2 != 0))", log="mss")
        wait_for("tcpdump", lambda: "listening on" in self.process.text())

    def to(self, server):
        return self.found(rf" > {server}\.{self.port}: Flags \[S\]")

    def of(self, server):
        return self.found(rf" {server}\.{self.port} > \S+ Flags \[S\.\]")

    def found(self, packet):
        return {int(mss) for mss in re.findall(packet + r".*mss (\d+)", self.process.text())}
