"""A machine with a VPN tunnel, in front of the clients that may use nothing else.

    internet: ifconfig.me 45.0.0.1, and 1.1.1.1
      |-- provider, 198.51.100.1: WireGuard by wireguard-go, masquerades
      `-- gateway, 203.0.113.2: eth0; lan0 192.168.24.1/24 -- client 192.168.24.7
"""

import re, subprocess

from page import File, Machine, Page, steps
from testbed import SLOWNESS, said, wait_for

SERVER, EXIT = "45.0.0.1", "198.51.100.1"


class Watch:
    """Every packet on a link that is none of WireGuard's, by tcpdump."""

    def __init__(self, host, link, expression):
        self.process = host.start("tcpdump", "-i", link, "-nlq", "--immediate-mode", expression, log=f"watch-{link}")
        wait_for("tcpdump", lambda: "listening on" in self.process.text())

    def packets(self):
        return re.findall(r"^\S+ IP6? .*$", self.process.text(), re.MULTILINE)


class Surroundings:
    def __init__(self, bed):
        self.bed = bed
        forwards = {"net_ipv4_ip__forward": 1, "net_ipv4_conf_all_send__redirects": 0,
                    "net_ipv4_conf_default_send__redirects": 0}
        self.internet = bed.host("internet", **forwards)
        self.internet.ip("link add world type bridge", "link set world up", f"address add {SERVER}/24 dev world",
                         "address add 198.51.100.254/24 dev world", "address add 203.0.113.1/24 dev world",
                         "address add 1.1.1.1/32 dev lo")
        self.internet.program("echo")
        provider = bed.host("provider", **forwards)
        self.join(provider, EXIT, "198.51.100.254")
        gateway, client = bed.host("gateway"), bed.host("client")
        self.join(gateway, "203.0.113.2", "203.0.113.1")
        bed.wire(gateway, "lan0", client, "eth0")
        gateway.ip("address add 192.168.24.1/24 dev lan0")
        client.ip("address add 192.168.24.7/24 dev eth0", "route add default via 192.168.24.1")
        self.gateway, self.client = Machine(bed, gateway, "gateway"), Machine(bed, client, "client")
        self.client.names({"ifconfig.me": SERVER})
        self.keys = self.serve(provider)

    def join(self, host, address, via):
        self.bed.wire(host, "eth0", self.internet, host.name, bridge="world")
        host.ip(f"address add {address}/24 dev eth0", f"route add default via {via}")

    def serve(self, provider):
        """The provider's end; returns what it hands out."""
        keys = [said(["wg", "genkey"]).strip() for _ in range(2)]
        public = [said(["sh", "-c", f"echo {key} | wg pubkey"]).strip() for key in keys]
        configuration = self.bed.directory / f"{provider.name}.conf"
        configuration.write_text(f"[Interface]\nPrivateKey = {keys[0]}\nListenPort = 51820\n"
                                 f"[Peer]\nPublicKey = {public[1]}\nAllowedIPs = 10.64.0.2/32\n")
        provider.program("wireguard", "wg0", configuration)
        provider.nft("""table ip nat {
          chain postrouting { type nat hook postrouting priority srcnat
            oifname "eth0" masquerade
          }
        }""")
        wait_for("the provider's wg0", lambda: "wg0" in provider.run("ip", "-br", "link", "show", "up"))
        provider.ip("route add 10.64.0.2 dev wg0")
        return {"YOUR-PRIVATE-KEY": keys[1], "PROVIDERS-PUBLIC-KEY": public[0]}

    def asked(self):
        """The address that the client is seen with; None without an answer."""
        done = subprocess.run([*self.client.host.prefix, "curl", "-sfm", f"{2 * SLOWNESS:g}", f"http://{SERVER}"],
                              capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None


def readme(bed, path):
    """As `unshare --net` leaves it: no link, not even lo is up, and an empty directory."""
    host = bed.host("readme")
    host.ip("link set lo down")
    page = Page(bed, path, [Machine(bed, host, "readme")])
    shown = [next(step.text for step in steps(file.read_text()) if isinstance(step, File) and step.name == "gateway.json")
             for file in (path, path.parent / "docs/recipes/vpn-gateway.md")]
    bed.check("README.md has the file of docs/recipes/vpn-gateway.md, 15 lines",
              shown[0] == shown[1] and shown[0].count("\n") == 15)
    page.go()
    bed.check(f"README.md: its {page.commands} blocks of commands do and print what it shows", page.commands > 5)


def commands(bed, path):
    host = bed.host("commands")
    host.ip("link add eth0 up type ifb")
    page = Page(bed, path, [Machine(bed, host, "commands")])
    page.go()
    bed.check(f"docs/commands.md: its {page.commands} commands do and print what it shows", page.commands > 3)


def recipe(bed, path):
    around = Surroundings(bed)
    gateway, client = around.gateway, around.client
    page = Page(bed, path, [gateway, client], around.keys)
    page.go(until="vpngw run")
    # Nor what links say that have just come up: neighbor discovery, MLD, IGMP.
    watch = Watch(around.internet, gateway.host.name,
                  "not udp port 51820 and not arp and not icmp6 and not igmp and not (ip6 and dst net ff02::/16)")
    wait_for("the tunnel carries packets", around.asked)
    page.go(until="wg-quick down wg0")
    bed.check("one VPN gateway: a client leaves by the tunnel", True)
    page.go(until="wg-quick up wg0")
    wait_for("the tunnel carries packets again", around.asked)
    gateway.daemon.end(9)
    page.go()
    bed.check("without a tunnel, and without vpngw, no client gets out", True)
    # What is watched for would have been seen: the gateway's own packet is.
    gateway.host.run("ping", "-c1", "-W5", SERVER)
    wait_for("the gateway's own packet", lambda: watch.packets()[1:])
    strange = [packet for packet in watch.packets() if f"203.0.113.2 > {SERVER}: ICMP" not in packet
               and f"{SERVER} > 203.0.113.2: ICMP" not in packet]
    bed.check("in all that time nothing of a client left outside the tunnel", not strange, strange[:3])
