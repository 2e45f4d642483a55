"""Two machines with keepalived, one client, two servers.

    client 192.0.2.7 ---- eth0 .1, .2  r1, r2  eth1 10.0.0.1, .2 ---- server1 10.0.0.11, server2 10.0.0.12
"""

import re, signal, subprocess

from page import Machine, Page
from segment import has
from testbed import SLOWNESS, wait_for

PAUSE = 0.05  # s
VIP, SERVERS = "192.0.2.100", ("10.0.0.11", "10.0.0.12")


class KeepalivedPage(Page):
    """systemctl stops the keepalived that runs there."""

    def run(self, machine, text):
        if text == "systemctl disable --now keepalived":
            machine.keepalived.end()
            return 0, []
        return super().run(machine, text)


def recipe(bed, path):
    switch = bed.host("switch")
    for bridge in "clients", "servers":
        switch.ip(f"link add {bridge} type bridge mcast_snooping 0", f"link set {bridge} up")
    routers, servers = bed.hosts_named("r", 3)[1:], bed.hosts_named("server", 3)[1:]
    client, programs = bed.host("client"), []
    for number, host in enumerate(routers, 1):
        bed.wire(host, "eth0", switch, f"{host.name}-0", bridge="clients")
        bed.wire(host, "eth1", switch, f"{host.name}-1", bridge="servers")
        host.ip(f"address add 192.0.2.{number}/24 dev eth0", f"address add 10.0.0.{number}/24 dev eth1")
    bed.wire(client, "eth0", switch, "client", bridge="clients")
    client.ip("address add 192.0.2.7/24 dev eth0")
    for host, address in zip(servers, SERVERS):
        bed.wire(host, "eth0", switch, host.name, bridge="servers")
        host.ip(f"address add {address}/24 dev eth0", "route add default via 10.0.0.254")
        programs.append(host.program("echo"))
    r1, r2 = machines = [Machine(bed, host, host.name) for host in routers]
    page = KeepalivedPage(bed, path, [*machines, Machine(bed, client, "client")])
    page.write()
    file = r2.path("/etc/keepalived/keepalived.conf")
    file.write_text(file.read_text().replace("priority 150", "priority 100"))
    for machine in machines:
        # Without IPVS in the kernel keepalived can do its VRRP part alone.
        only = [] if machine.host.has_ipvs() else ["--vrrp"]
        machine.keepalived = machine.start_other("keepalived", "-n", "-l", *only)
    wait_for("keepalived's master", lambda: has(r1.host, VIP), 15)
    pings = client.start("ping", "-i", f"{PAUSE * SLOWNESS:g}", VIP)
    page.go(until="jq ")
    page.go(until="vpngw validate")
    if not r1.host.has_ipvs():
        r1.run("jq '.services[].balancer = \"nft\" | del(.services[].scheduler)' router.json >new.json"
               " && mv new.json router.json")
    page.go()
    bed.check("from keepalived: first the backup, then the master; the address serves from both", True)
    wait_for("one of them has the addresses", lambda: not has(r2.host, VIP) and has(r1.host, VIP))
    pings.end(signal.SIGINT)
    sent, heard = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", pings.text()).groups())
    bed.check("meanwhile the address answered, but for the time of keepalived's farewell",
              heard and (sent - heard) * PAUSE < 5, f"{sent - heard} of {sent} pings lost, one each {PAUSE} s")
    programs[0].end(9)
    wait_for("the other server", lambda: all(subprocess.run(
        [*client.prefix, "curl", "-sfm", f"{SLOWNESS:g}", f"http://{VIP}"], capture_output=True).returncode == 0
        for _ in range(5)))
    bed.check("a server dies: the other one has all requests", True)
