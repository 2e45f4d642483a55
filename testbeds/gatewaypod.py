"""Gateway pods with vpngw in place of the seed's init containers and postStart hook.

GluetunPod's tunnel is wireguard-go's, as gluetun makes it: it comes and goes, and leaves its rule behind when it
is killed. WireGuardPod's is the kernel's, and all that runs there is vpngw.
"""

import json, subprocess, time

from network import ECHO, PODS4, PODS6, Tunnel, is_up, slowed
from router import Router
from testbed import ROOT, SLOWNESS, wait_for

# The port at which the router serves what the provider forwards.
PORT = 6881


def has_wireguard():
    """Whether this kernel can make a link of that type."""
    made = not subprocess.run(["ip", "link", "add", "vpngw-probe", "type", "wireguard"],
                              capture_output=True).returncode
    if made:
        subprocess.run(["ip", "link", "delete", "vpngw-probe"], check=True)
    return made


def gateway_state(role, number, dual=True):
    """states/ROLE.json for a gateway of this network, which asks the echo server through its tunnel."""
    value = json.loads((ROOT / f"states/{role}.json").read_text())
    value.pop("$schema", None)
    # As the environment says it to a StatefulSet's pod.
    value["parameters"]["INDEX"] = {"type": "integer", "default": number}
    value["probes"]["tunnel"] |= {"type": "http", "address": ECHO, "port": 80, "interval": slowed("1s"),
                                  "timeout": slowed("750ms"), "rise": 1}
    if dual:
        value["gateway"]["egress"]["from"] = [PODS4, PODS6]
    return value


class GluetunPod(Tunnel):
    role, link = "gateway", "tun0"

    def state(self):
        """The provider's port, whatever it is, leads to one port of the router."""
        value = gateway_state(self.role, self.number)
        value["probes"]["gluetun"] = {"type": "gluetun", "address": "127.0.0.1", "interval": slowed("1s"),
                                      "timeout": slowed("750ms")}
        value["gateway"]["forwards"] = [{"ports": "probe.gluetun", "to_ports": PORT}]
        return value

    def prepare(self):
        self.pod = Router(self.bed, self.gateway, self.bed.directory / f"{self.name}-state.json")
        self.pod.write(self.state())
        self.pod.start("--listen", "0.0.0.0:9118")
        self.answer()
        self.start()

    def start(self):
        super().start()
        local = [*[("-4", prefix) for prefix in (PODS4, "10.0.0.0/8")],
                 *[("-6", prefix) for prefix in (PODS6, "fd10::/16")]]
        for family, prefix in local:
            if not self.gateway.run("ip", family, "rule", "show", "to", prefix):
                self.gateway.run("ip", family, "rule", "add", "priority", 98, "to", prefix, "lookup", "main")
        # gluetun's last step, at which it gives up if the rule is there.
        self.gateway.ip(*[f"{family}rule add priority 101 not fwmark 51820 lookup 51820"
                          for family in ("", "-6 ")])

    def wait(self):
        super().wait()
        self.wait_healthy()

    def leftover(self):
        """The rule that a killed gluetun leaves behind."""
        return self.gateway.run("ip", "rule", "show", "table", 51820).strip()

    def wait_healthy(self, healthy=True, seconds=20):
        """How long that took."""
        began = time.monotonic()
        wait_for(f"{self.name}: {'' if healthy else 'not '}healthy",
                 lambda: (self.pod.fetch("/healthz") is not None) == healthy, seconds)
        return time.monotonic() - began

    def forward(self, port):
        """What the provider does when it assigns a port."""
        self.exit.nft(f"""
        table inet forwarded {{}}
        delete table inet forwarded
        table inet forwarded {{
          chain prerouting {{ type nat hook prerouting priority dstnat
            iifname "eth0" meta nfproto ipv4 meta l4proto {{ tcp, udp }} th dport {port} dnat ip to {self.inside}
          }}
        }}""")


class WireGuardPod(GluetunPod):
    """Without gluetun: the fixed ports of the seed, and nobody to ask for another."""

    role, link = "gateway-wireguard", "wg0"

    def state(self):
        value = gateway_state(self.role, self.number)
        private = self.bed.directory / f"{self.name}.key"
        private.touch(mode=0o600)
        lines = dict(line.split(" = ", 1) for line in self.configuration.read_text().splitlines() if " = " in line)
        private.write_text(lines["PrivateKey"] + "\n")
        device = value["wireguard"][0]
        device["private_key_file"] = str(private)
        device["peers"][0] |= {"public_key": lines["PublicKey"], "endpoint": lines["Endpoint"],
                               "persistent_keepalive": "10s"}
        del value["parameters"]["ADDRESS"]
        value["addresses"] = [{"link": "wg0", "address": f"{self.inside}/32"},
                              {"link": "wg0", "address": f"{self.inside6}/128", "nodad": True}]
        value["gateway"]["forwards"] = [{"ports": PORT}]
        return value

    def start(self):
        wait_for(f"{self.name}: wg0", lambda: is_up(self.gateway, "wg0"))

    def wait(self):
        self.wait_healthy()
