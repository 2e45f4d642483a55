import Addressing

/// Guesses which program made a table, by the names that programs use.
public enum TableMaker {
  /// Nil if nothing tells.
  public static func guess(_ table: TableProgram) -> String? {
    let chains = table.chains.map(\.name)
    for (prefix, maker) in chainPrefixes where chains.contains(where: { $0.hasPrefix(prefix) }) {
      return maker
    }
    for (prefix, maker) in tablePrefixes where table.name.hasPrefix(prefix) { return maker }
    if table.family != .inet, iptablesTables.contains(table.name) { return "iptables-nft" }
    if table.family == .inet, table.name == "filter" { return "nftables.service" }
    return nil
  }

  /// Several programs share iptables' tables: the first match is the one with the most to lose.
  private static let chainPrefixes = [
    ("KUBE-", "kube-proxy"), ("DOCKER", "Docker"), ("cali-", "Calico"), ("CILIUM_", "Cilium"),
    ("FLANNEL-", "Flannel"), ("CNI-", "a CNI plugin"), ("WEAVE-", "Weave"),
    ("NETAVARK", "Podman"), ("LIBVIRT_", "libvirt"), ("ts-", "Tailscale"), ("ufw", "ufw"),
    ("f2b-", "Fail2ban"),
  ]

  private static let tablePrefixes = [
    ("firewalld", "firewalld"), ("kube-proxy", "kube-proxy"), ("docker", "Docker"),
    ("netavark", "Podman"), ("libvirt", "libvirt"), ("wg-quick-", "wg-quick"),
    ("f2b-", "Fail2ban"), ("cilium", "Cilium"), ("calico", "Calico"), ("tailscale", "Tailscale"),
    ("crowdsec", "CrowdSec"), ("fw4", "OpenWrt"), ("lxc", "LXC"), ("incus", "Incus"),
    ("lxd", "LXD"), ("mullvad", "Mullvad"), ("keepalived", "keepalived"),
    ("io.systemd.nat", "systemd-networkd"), ("ovn-kubernetes", "OVN-Kubernetes"),
    ("antrea", "Antrea"), ("miniupnpd", "MiniUPnPd"), ("sshguard", "SSHGuard"),
  ]

  private static let iptablesTables: Set<String> = ["filter", "nat", "mangle", "raw", "security"]
}
