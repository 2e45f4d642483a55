"""Pods of a cluster, as far as a router notices, and the kubectl that starts them.

    internet: ifconfig.me, 45.0.0.1
      |-- gw0 .. gw3: 45.0.0.10 .. at tun0, and what gluetun answers; 192.168.25.128 .. at vpn-gw-veth0
      `-- node, which lets everything out: cluster0, 10.244.0.0/24, where a leak would be seen
            client: 192.168.24.1, the internet by 192.168.26.254
            router pods: 192.168.26.1 .., started by the page's own manifest
"""

import json, shlex, subprocess, time

import yaml

from page import File, Machine, Page, steps
from testbed import ROOT, SLOWNESS, Failure, wait_for

SERVER, VIP = "45.0.0.1", "192.168.26.254"
LINK, ROUTER_LINK = "vpn-gw-veth0", "vpn-r-veth0"


class Pods:
    def __init__(self, bed, gateways=4):
        self.bed, self.count = bed, 0
        self.internet = bed.host("internet")
        self.internet.ip("link add world type bridge", "link set world up", f"address add {SERVER}/24 dev world")
        self.internet.program("echo")
        self.node = bed.host("node", net_ipv4_ip__forward=1)
        bed.wire(self.node, "eth0", self.internet, "node", bridge="world")
        self.node.ip("address add 45.0.0.2/24 dev eth0")
        for bridge in "cluster0", "vpn-gw-bridge0", "vpn-r-bridge0":
            self.node.ip(f"link add {bridge} type bridge mcast_snooping 0", f"link set {bridge} up")
        self.node.ip("address add 10.244.0.1/24 dev cluster0")
        self.masquerade(self.node, "eth0")
        self.gateways = [self.gateway(number) for number in range(gateways)]
        self.client = Machine(bed, self.pod("client", "192.168.24.1"), "client")
        self.client.host.ip(*[f"route add {prefix} via {VIP}" for prefix in ("0.0.0.0/1", "128.0.0.0/1")])
        self.client.names({"ifconfig.me": SERVER})

    def masquerade(self, host, link):
        host.nft(f"""table ip nat {{
          chain postrouting {{ type nat hook postrouting priority srcnat
            oifname "{link}" masquerade
          }}
        }}""")

    def pod(self, name, address):
        host = self.bed.host(name)
        self.count += 1
        port = f"pod{self.count}"
        self.bed.wire(host, "eth0", self.node, port, bridge="cluster0")
        self.bed.wire(host, LINK, self.node, f"{port}-gw", bridge="vpn-gw-bridge0", mtu=1420)
        host.ip(f"address add 10.244.0.{9 + self.count}/24 dev eth0", "route add default via 10.244.0.1",
                f"address add {address}/22 dev {LINK}")
        return host

    def router(self, number):
        """A pod for a router, which has the routers' own network, too."""
        host = self.pod(f"router{number}-{self.count}", f"192.168.26.{1 + number}")
        self.bed.wire(host, ROUTER_LINK, self.node, f"pod{self.count}-r", bridge="vpn-r-bridge0")
        host.ip(f"address add 192.168.28.{1 + number}/24 dev {ROUTER_LINK}")
        return Machine(self.bed, host, f"router{number}")

    def gateway(self, number):
        host = self.pod(f"gw{number}", f"192.168.25.{128 + number}")
        host.sysctl(net_ipv4_ip__forward=1, net_ipv4_conf_all_send__redirects=0)
        host.sysctl(**{f"net_ipv4_conf_{LINK}_send__redirects": 0})
        host.ip("route delete default")
        self.bed.wire(host, "tun0", self.internet, host.name, bridge="world")
        host.ip(f"address add 45.0.0.{10 + number}/24 dev tun0", "route add default dev tun0")
        self.masquerade(host, "tun0")
        answers = self.bed.directory / f"{host.name}.json"
        answers.write_text(json.dumps({"public_ip": f"45.0.0.{10 + number}"}))
        return host, host.program("gluetun", answers)

    def kill_gateway(self, number):
        host, program = self.gateways[number]
        host.ip("link set tun0 down")
        program.end(9)

    def watch(self):
        """What of the VPN network, or to the server, is in the cluster's own network."""
        process = self.node.start("tcpdump", "-i", "cluster0", "-nlq", "--immediate-mode",
                                  f"ip and not igmp and (net 192.168.24.0/22 or host {SERVER})", log="leaks")
        wait_for("tcpdump", lambda: "listening on" in process.text())
        return process

    def leaked(self, watch):
        """The packets that left there, but for one of the client's own, which shows that they would be seen."""
        self.client.host.run("ping", "-c1", "-W5", "-I", "eth0", SERVER)
        wait_for("a packet by eth0", lambda: f"> {SERVER}: ICMP echo request" in watch.text())
        return [line for line in watch.text().splitlines() if " IP " in line and "ICMP echo" not in line]

    def watch_requests(self):
        """One request after another from now on; a line for each: the address it was seen with, or `failed`."""
        script = f"while :; do curl -sfm {SLOWNESS:g} http://{SERVER} || echo failed; sleep 0.05; done"
        requests = self.client.host.start("bash", "-c", script, log="requests")
        wait_for("requests", lambda: len(requests.text().split()) > 5)
        return requests

    def end_requests(self, requests):
        """Ten more, and then all of their lines."""
        count = len(requests.text().split())
        wait_for("more requests", lambda: len(requests.text().split()) >= count + 10, 20)
        requests.end(9)
        return requests.text().split()


class KubectlPage(Page):
    """With a kubectl that knows what the pages ask of it, and Deployments of routers."""

    def __init__(self, bed, path, around, *machines):
        super().__init__(bed, path, machines)
        self.around, self.files, self.routers = around, {}, []
        self.deployment = None

    def run(self, machine, text):
        words = shlex.split(text)
        if words[0] != "kubectl":
            return super().run(machine, text)
        return self.kubectl(machine, words[1:], text)

    def kubectl(self, machine, words, text):
        if words[:2] == ["create", "configmap"]:
            files = [word.removeprefix("--from-file=") for word in words[3:]]
            self.files[words[2]] = {name: machine.path(name).read_text() for name in files}
            return 0, [f"configmap/{words[2]} created"]
        if words[:2] == ["apply", "-f"]:
            return 0, [self.apply(value) for value in yaml.safe_load_all(machine.path(words[2]).read_text())]
        if words[:2] == ["rollout", "status"]:
            return 0, [f'deployment "{self.deployment}" successfully rolled out']
        if words[0] == "exec":
            return self.routers[0].run(text.split(" -- ", 1)[1])
        if words[:2] == ["delete", "pod"] and words[2].startswith("vpn-gateway-"):
            self.around.kill_gateway(int(words[2].rpartition("-")[2]))
            return 0, [f'pod "{words[2]}" deleted']
        if words[:3] == ["scale", "statefulset", "vpn-gateway"]:
            for number in range(int(words[3].removeprefix("--replicas=")), len(self.around.gateways)):
                self.around.kill_gateway(number)
            return 0, ["statefulset.apps/vpn-gateway scaled"]
        raise Failure(f"kubectl {words}: not known here")

    def apply(self, value):
        """Each pod is replaced by the next, as with maxSurge 0 and maxUnavailable 1."""
        if value["kind"] != "Deployment":
            raise Failure(f"{value['kind']}: not known here")
        verb = "configured" if self.routers else "created"
        self.deployment = value["metadata"]["name"]
        pod = value["spec"]["template"]["spec"]
        container, = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for number in range(value["spec"]["replicas"]):
            if number < len(self.routers):
                self.remove(self.routers[number])
            machine = self.around.router(number)
            for mount in container["volumeMounts"]:
                if "configMap" in volumes[mount["name"]]:
                    for name, text in self.files[volumes[mount["name"]]["configMap"]["name"]].items():
                        machine.write(f"{mount['mountPath']}/{name}", text)
            added = ",".join(f"+{name.lower()}" for name in container["securityContext"]["capabilities"]["add"])
            limits = ["setpriv", "--inh-caps=-all", f"--bounding-set=-all,{added}", "--no-new-privs"]
            machine.start(" ".join([*limits, "vpngw", *container["args"]]))
            self.routers[number:number + 1] = [machine]
            if number + 1 < value["spec"]["replicas"]:
                time.sleep(value["spec"].get("minReadySeconds", 0))
        return f"deployment.apps/{self.deployment} {verb}"

    def remove(self, machine):
        """A pod that ends: its programs first, then its network."""
        if machine.daemon:
            machine.daemon.end()
        machine.host.ip(*[f"link delete {link}" for link in ("eth0", LINK, ROUTER_LINK)])

    def master(self):
        """The router that has the address that clients send to."""
        def found():
            return [machine for machine in self.routers if any(
                info.get("local") == VIP for shown in machine.host.json("address", "show", "dev", LINK)
                for info in shown["addr_info"])]
        return wait_for("one router has the VIP", lambda: len(found()) == 1 and found()[0], 15)


def kubernetes_router(bed, path):
    around = Pods(bed)
    page = KubectlPage(bed, path, around, Machine(bed, bed.host("admin"), "admin"), around.client)
    page.go(until="kubectl exec")
    page.master()
    watch = around.watch()
    page.go(until="kubectl delete pod vpn-gateway-2")
    bed.check("a router pod in Kubernetes: 40 requests by four gateways", True)
    page.go(until="sort -u")
    bed.check("a gateway dies: 40 requests by the three others", True)
    master = page.master()
    requests = around.watch_requests()
    page.routers.remove(master)
    master.daemon.end(9)
    master.host.ip(f"link set {LINK} down", f"link set {ROUTER_LINK} down")
    page.master()
    answers = around.end_requests(requests)
    bed.check("the master's pod dies: the other router takes over, and requests go on",
              "failed" not in answers[-5:] and answers.count("failed") < 10,
              f"{answers.count('failed')} of {len(answers)} failed")
    page.go()
    leaked = around.leaked(watch)
    bed.check("all gateways die: no answer, and no packet of the client left by the cluster", not leaked, leaked[:3])


ADDRESSES = "\n        ".join(f"{address}/22 dev {LINK} use_vmac noprefixroute"
                            for address in [VIP, *(f"192.168.26.{number}" for number in range(128, 136))])
# What the old routers' generator wrote.
KEEPALIVED = f"""
vrrp_instance router {{
    state BACKUP
    interface {ROUTER_LINK}
    virtual_router_id 51
    virtual_ipaddress {{
        {ADDRESSES}
    }}
}}
"""


class MovingPage(KubectlPage):
    """The cluster as it was: routers with keepalived and gateway-route-manager's routes."""

    def old_router(self, number):
        machine = self.around.router(number)
        machine.host.sysctl(net_ipv4_ip__forward=1, net_ipv4_conf_all_send__redirects=0)
        machine.host.sysctl(**{f"net_ipv4_conf_{LINK}_send__redirects": 0})
        hops = " ".join(f"nexthop via 192.168.25.{128 + number}" for number in range(4))
        machine.host.ip(f"route add default table 180 {hops}", "rule add priority 10902 lookup 180")
        machine.write("/etc/keepalived/keepalived.conf", KEEPALIVED)
        machine.daemon = machine.start_other("keepalived", "-n", "-l", "--vrrp")
        return machine


def lay_node(bed):
    """A node as node-network-operator leaves it."""
    host = bed.host("worker")
    host.ip("link add bond0 mtu 9000 type ifb", "link set bond0 up",
            "link add vpn-gw-bridge0 mtu 1420 type bridge", "link set vpn-gw-bridge0 up",
            "link add vpn-gw-vxlan0 mtu 1420 type vxlan id 1000 group 224.0.0.88 dev bond0 dstport 4789"
            " srcport 4789 4789 nolearning", "link set vpn-gw-vxlan0 master vpn-gw-bridge0 up")
    return Machine(bed, host, "node")


def from_gateway_route_manager(bed, path):
    around = Pods(bed)
    # Whom a gateway's own probe asks.
    around.internet.ip("address add 1.1.1.1/32 dev lo")
    around.internet.program("echo", 443, log="echo-443")
    first = around.gateways[0][0]
    admin, node, gateway = Machine(bed, bed.host("admin"), "admin"), lay_node(bed), Machine(bed, first, "gateway0")
    first.ip("route add 1.1.1.1/32 via 45.0.0.1 dev tun0")
    page = MovingPage(bed, path, around, admin, node, gateway, around.client)
    for machine in admin, node, gateway:
        (machine.home / "states").symlink_to(ROOT / "states")
    manifest = next(step.text for step in steps((ROOT / "docs/recipes/kubernetes-router.md").read_text())
                    if isinstance(step, File) and step.name == "router.yaml")
    admin.write("router.yaml", manifest)
    page.routers = [page.old_router(number) for number in range(2)]
    wait_for("clients get out", lambda: not subprocess.run(
        [*around.client.host.prefix, "curl", "-sfm", "1", f"http://{SERVER}"], capture_output=True).returncode, 20)
    page.go(until="vpngw validate --set")
    # Its init containers' work goes with the old pod.
    first.nft("delete table ip nat")
    page.go(until="new.json router.json")
    bed.check("from gateway-route-manager: a node and a gateway pod are taken over", True)
    # The ports' services are tried elsewhere (testbeds/ingress), and cost a debug build many seconds here.
    file = admin.path("router.json")
    value = json.loads(file.read_text())
    value["services"] = {"dns": value["services"]["dns"]}
    file.write_text(json.dumps(value))
    requests = around.watch_requests()
    page.go()
    answers = around.end_requests(requests)
    bed.check("both routers are replaced while requests go on", "failed" not in answers[-5:] and answers.count("failed") < 15,
              f"{answers.count('failed')} of {len(answers)} failed")
