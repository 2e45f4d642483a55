import JSON
import Kernel
public import Model
import State

extension Session {
  /// `vpngw show`: what vpngw made, as a state file for which `plan` finds nothing to do; with
  /// `all` also what others made, marked as theirs.
  public func show(all: Bool) throws -> Int32 {
    let reconciler = try reconciler()
    let observed = try reconciler.observe(
      also: all ? Sysctl.Key.ofInterest : [], tables: all ? .all : nil
    )
    .withTablesDecompiled
    for table in observed.tables where all || table.isOwned {
      for part in table.unreadable {
        Console.complain(
          "vpngw: can't read nftables \(table.id): \(part); left out here, and left alone".visible
            + "\n")
      }
    }
    let shown = all ? observed.everything : observed.own
    Console.print(StateFile.encode(shown).text())
    return Status.done
  }
}

extension Sysctl.Key {
  /// The settings that decide whether and how a router forwards.
  fileprivate static let ofInterest: [Sysctl.Key] = [
    "net.ipv4.ip_forward", "net.ipv4.fib_multipath_hash_policy",
    "net.ipv4.fib_multipath_hash_fields", "net.ipv4.conf.all.rp_filter",
    "net.ipv4.conf.all.send_redirects", "net.ipv4.conf.all.arp_ignore",
    "net.ipv4.conf.all.arp_announce", "net.ipv6.conf.all.forwarding",
  ].compactMap { Sysctl.Key($0) }
}

extension NetworkState {
  /// What is ours, and the links that it refers to.
  public var own: NetworkState {
    var own = NetworkState()
    own.sysctls = sysctls.filter(\.isOwned)
    own.links = links.filter(\.isOwned)
    own.wireGuards = wireGuards.filter(\.isOwned)
    own.addresses = addresses.filter(\.isOwned)
    own.neighbors = neighbors.filter(\.isOwned)
    own.fdb = fdb.filter(\.isOwned)
    own.nexthops = nexthops.filter(\.isOwned)
    own.routes = routes.filter(\.isOwned)
    own.rules = rules.filter(\.isOwned)
    own.tables = withTablesDecompiled.tables.filter(\.isOwned)
    own.ipvsServices = ipvsServices.filter(\.isOwned)
    own.ipvsTimeouts = ipvsTimeouts.filter(\.isOwned)
    own.ipvsDaemons = ipvsDaemons.filter(\.isOwned)
    own.makeStatable()
    own.declareLinks(of: links)
    return own
  }

  /// Everything that a state file can state, without what the kernel makes by itself.
  public var everything: NetworkState {
    var all = withTablesDecompiled
    all.sysctls.removeAll { $0.text == nil }
    all.addresses.removeAll {
      [.kernelLoopback, .kernelRA, .kernelLinkLocal].contains($0.protocol)
    }
    // RTPROT_REDIRECT, RTPROT_KERNEL and RTPROT_RA.
    all.routes.removeAll { [1, 2, 9].contains($0.protocol?.number) }
    all.rules.removeAll { $0.protocol == .kernel }
    // A dump lists a shadowed route after the one in force.
    var seen: Set<Route.ID> = []
    all.routes.removeAll { !seen.insert($0.id).inserted }
    for index in all.tables.indices { all.tables[index].isAdopted = !all.tables[index].isOwned }
    for index in all.wireGuards.indices {
      all.wireGuards[index].isAdopted = !all.wireGuards[index].isOwned
    }
    // Nothing would mark them as somebody else's.
    all.ipvsDaemons.removeAll { !$0.isOwned }
    for index in all.ipvsServices.indices {
      all.ipvsServices[index].isAdopted = !all.ipvsServices[index].isOwned
    }
    all.links.removeAll { $0.isKernels && !$0.isOwned }
    all.makeStatable()
    all.declareLinks(of: links)
    return all
  }

  /// What a state file can state.
  var statable: NetworkState {
    var copy = self
    copy.makeStatable()
    return copy
  }

  /// A link whose other half is in another namespace can be kept, but not made again. Of a lease, the
  /// whole is shown, since what is left of it has changed by the time that it is read.
  private mutating func makeStatable() {
    for index in addresses.indices where addresses[index].looksLeased {
      addresses[index].lease = .renewed
      (addresses[index].validLifetime, addresses[index].preferredLifetime) =
        addresses[index].lifetimes
      addresses[index].lease = .none
    }
    let telling = Set(links.filter { $0.bridge?.vlanFiltering == true }.map(\.name))
    for index in links.indices {
      switch links[index].device {
      case .veth(let veth) where veth.peer == nil: links[index].isAdopted = true
      case .macvlan(let macvlan) where macvlan.link == nil: links[index].isAdopted = true
      case .vlan(let vlan) where vlan.link == nil: links[index].isAdopted = true
      case nil: links[index].isAdopted = false  // a link without a type is never made
      default: break
      }
      // A bridge that doesn't tell VLANs apart has them all the same.
      let bridge = links[index].bridge == nil ? links[index].master : links[index].name
      if bridge.map(telling.contains) != true { links[index].vlans = nil }
    }
  }

  /// Adds the links that objects refer to, as somebody else's.
  mutating func declareLinks(of present: [Link]) {
    var known = Set(links.map(\.name)).union(links.compactMap(\.veth?.peer))
    let referred = objects.flatMap { $0.resource.requirements }
    for requirement in referred {
      guard case .link(let name) = requirement, name != .loopback, known.insert(name).inserted
      else { continue }
      var link = Link(name)
      link.isManaged = false
      links.append(link)
    }
  }
}
