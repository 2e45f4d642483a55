"""The seed's whole picture, in which vpngw keeps every machine: nodes, gateway pods, routers, DNS pods.

    underlay ---- node0 .. 2: bond0; vpngw makes the bridges and the VXLANs between them
                    pods take turns: gw0 on node0, gw1 on node1, ...; their vpn-gw-veth0 and vpn-r-veth0 are ports
                    of their node's bridges

The rest is as in network.py: eth0 of every pod is in the cluster's own network, and masqueraded to the internet.
"""

import json
from gatewaypod import GluetunPod, gateway_state
from network import Network
from router import Router
from testbed import ROOT


def file(role):
    """A state file from states/, as a value."""
    value = json.loads((ROOT / f"states/{role}.json").read_text())
    value.pop("$schema", None)
    return value


class GatewayPod(GluetunPod):
    """The ports are those of the file; the pod that dies takes both of its containers with it."""

    def state(self):
        return gateway_state(self.role, self.number)

    def kill(self):
        now = super().kill()
        self.pod.daemon.end(9)
        return now


class Cluster(Network):
    tunnel = GatewayPod

    def build_nodes(self):
        underlay = self.bed.host("underlay")
        # Without a querier, snooping would keep the VXLAN's group from some.
        underlay.ip("link add wires mtu 9000 type bridge mcast_snooping 0", "link set wires up")
        self.nodes = self.bed.hosts_named("node", 3)
        self.keepers = []
        for number, host in enumerate(self.nodes):
            self.bed.wire(host, "bond0", underlay, host.name, bridge="wires", mtu=9000)
            host.ip(f"address add 10.0.0.{1 + number}/24 dev bond0")
            keeper = Router(self.bed, host)
            keeper.write(file("node"))
            self.keepers.append(keeper)
            keeper.start()
        self.places = {}

    def place(self, host):
        """The node of a pod."""
        return self.nodes[self.places.setdefault(host.name, len(self.places)) % len(self.nodes)]

    def plug(self, host, link, port, bridge, mtu=1500):
        self.bed.wire(host, link, self.place(host), port, bridge=bridge, mtu=mtu)
