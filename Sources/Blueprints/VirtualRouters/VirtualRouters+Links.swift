import Model
import VRRP

extension VirtualRouters.Member {
  /// A macvlan for each family, so that hosts keep one MAC for the virtual address, whichever router has
  /// it, and the switch alone learns where that is now.
  ///
  /// In private mode, frames between it and other macvlans of this machine pass no further. It is up only
  /// while this is the master: the kernel takes a frame whose source is the MAC of a macvlan of
  /// ours for one of ours, and doesn't hand it to the link below (`macvlan_handle_frame`). So a backup
  /// whose macvlan were up would hear a master of the same virtual MAC there alone, and there only
  /// without `rp_filter`, since it has no address.
  var links: [Link] {
    Family.allCases.compactMap { family in
      guard let name = instance.virtualLink(family) else { return nil }
      var link = Link(name, .macvlan(Macvlan(link: instance.link, mode: .private)))
      link.address = instance.virtualMAC(family)
      return link
    }
  }
}

extension VirtualRouters {
  /// keepalived's settings, with three differences: `rp_filter`, `arp_announce`, and `arp_ignore` on IPv6's
  /// link.
  var sysctls: [Sysctl] {
    var sysctls: [Sysctl] = []
    func add(_ parts: String..., is text: String) {
      let sysctl = Sysctl(Sysctl.Key(parts: ["net"] + parts)!, text)
      if !sysctls.contains(sysctl) { sysctls.append(sysctl) }
    }
    for member in members {
      if let link = member.instance.virtualLink(.inet)?.text {
        // An ARP request reaches this link and the one below: each answers only for its own addresses.
        add("ipv4", "conf", link, "arp_ignore", is: "1")
        // Of two masters, one hears the other here; on one machine, the other's source is local.
        add("ipv4", "conf", link, "accept_local", is: "1")
        // Clients' subnets are routed by way of the link below. keepalived writes 0, which counts only if
        // that of `all` is 0, too, and so changes that. 2 is enough for a link with an address, and
        // counts beside any `all`: the greater one does.
        add("ipv4", "conf", link, "rp_filter", is: "2")
        // One virtual address that goes leaves the others of its subnet.
        add("ipv4", "conf", link, "promote_secondaries", is: "1")
        if member.linksWithIPv6.contains(LinkName(link)!) {
          add("ipv6", "conf", link, "addr_gen_mode", is: "1")
        } else {
          // Else it would have the same link-local address on every router.
          add("ipv6", "conf", link, "disable_ipv6", is: "1")
        }
        // The link below is not to answer for the virtual addresses with its own MAC, nor for its own
        // addresses to hosts that are routed by way of the virtual link.
        add("ipv4", "conf", member.instance.link.text, "arp_ignore", is: "1")
        add("ipv4", "conf", member.instance.link.text, "arp_filter", is: "1")
        // Answers from a virtual address leave by the link below. Its ARP requests are not to come from the
        // virtual address: hosts would take its own MAC for that of the address.
        add("ipv4", "conf", member.instance.link.text, "arp_announce", is: "2")
      }
      if let link = member.instance.virtualLink(.inet6)?.text {
        // No link-local address from the MAC: every router would have the same (RFC 9568, section 7.4).
        // 1 is none.
        add("ipv6", "conf", link, "addr_gen_mode", is: "1")
        // Every router's packets from here come from one MAC; of ours none is to seem a duplicate.
        add("ipv6", "conf", link, "accept_dad", is: "0")
        // ARP requests reach it, too, and it has none of the IPv4 addresses.
        add("ipv4", "conf", link, "arp_ignore", is: "1")
      }
    }
    return sysctls
  }
}
