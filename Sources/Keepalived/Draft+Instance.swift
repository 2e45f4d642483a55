internal import JSON
internal import Model

extension Draft {
  /// Reads a `vrrp_instance`, and adds it with the objects that move with it.
  mutating func addInstance(_ statement: Statement) {
    let location = statement.location
    guard let stated = statement.value, let name = instanceNames[stated] else {
      return note(location, "a vrrp_instance without a name: left out")
    }
    guard addedInstances.insert(stated).inserted else {
      return note(location, "vrrp_instance \(shown(stated)) is there already: left out")
    }
    var instance = Instance(
      location: location, name: name, version: defaults.version, isStrict: defaults.isStrict)
    for inner in statement.statements { read(inner, &instance) }
    let group = syncGroups[stated]
    for inner in statement.statements where Tracker.blocks.contains(inner.keyword) {
      instance.tracks += tracks(inner, withoutWeights: group.map { !$0.keepsWeights } ?? false)
    }
    for inner in group?.statements ?? [] where Tracker.blocks.contains(inner.keyword) {
      instance.tracks += tracks(inner)
    }
    complete(&instance)
    guard let link = instance.link, let id = instance.id else {
      let missing = instance.link == nil ? "an interface" : "a virtual_router_id from 1 to 255"
      return note(
        location,
        "vrrp_instance \(shown(stated)) is left out with all that it moves: it needs \(missing)")
    }
    let family = instance.family ?? .inet
    guard identities.insert("\(link) \(id) \(family.rawValue)").inserted else {
      return note(
        location,
        "vrrp_instance \(shown(stated)) is left out with all that it moves: \(link) has virtual "
          + "router \(id) already")
    }
    network.refer(to: link)
    if instance.vmac != nil { makeMAC(&instance, id, family) }
    let placed = place(instance.virtual, of: instance, on: link)
    let excluded = place(instance.excluded, of: instance, on: link)
    for route in instance.routes { addRoute(route, when: instance.when) }
    for rule in instance.rules { addRule(rule, when: instance.when) }
    routers.append(
      (name, .object(members(of: instance, link, id, placed, hasOthers: !excluded.isEmpty, group))))
  }

  /// The link with the virtual MAC address gets its name, which is keepalived's unless stated.
  private mutating func makeMAC(_ instance: inout Instance, _ id: UInt8, _ family: Family) {
    let wanted = instance.vmac?.link ?? VirtualMAC.link(id, family)
    guard let name = network.free(wanted) else {
      note(instance.location, "use_vmac: no room for a link \(shown(wanted)): left out")
      instance.vmac = nil
      return
    }
    if name.text != wanted {
      note(instance.location, "use_vmac: there is a link \(shown(wanted)) already: it is \(name)")
    }
    noteReversePath(instance.vmac!.location)
    instance.vmac!.link = name.text
    network.make(name)
  }

  private mutating func members(
    of instance: Instance, _ link: LinkName, _ id: UInt8, _ placed: [VirtualAddress],
    hasOthers: Bool, _ group: SyncGroup?
  ) -> [(String, Tree)] {
    let family = instance.family ?? .inet
    var members: [(String, Tree)] = [("link", .string(link.text)), ("id", .integer(Int(id)))]
    if instance.version == 2 { members.append(("version", 2)) }
    if instance.priority != 100 { members.append(("priority", .integer(instance.priority))) }
    if instance.interval != .seconds(1) {
      members.append(("interval", .string(instance.interval.text)))
    }
    if instance.noPreempt != nil { members.append(("preempt", false)) }
    if instance.preemptDelay > .zero {
      members.append(("preempt_delay", .string(instance.preemptDelay.text)))
    }
    if defaults.startupDelay > .zero {
      members.append(("startup_delay", .string(defaults.startupDelay.text)))
    }
    if instance.accept == false { members.append(("accept", false)) }
    if let name = instance.vmac?.link { members.append(("vmac", ["link": .string(name)])) }
    if instance.virtual.isEmpty, instance.peers.isEmpty, family == .inet6 {
      members.append(("families", ["inet6"]))
    }
    // Unstated, they are all that stand while this machine is master.
    var known: Set<IPAddress> = []
    let advertised = instance.virtual.map(\.address).filter { known.insert($0).inserted }
    if hasOthers || advertised != placed.map(\.address) {
      members.append(("addresses", .array(advertised.prefix(255).map { .string("\($0)") })))
    }
    if let source = instance.source {
      members.append(("source", .string(source.address.description)))
    }
    if !instance.peers.isEmpty {
      members.append(("peers", .array(instance.peers.map { .string("\($0.address)") })))
    }
    if let checksum = instance.checksum { members.append(("checksum", .string(checksum))) }
    if let group { members.append(("sync_group", .string(group.name))) }
    if !instance.tracks.isEmpty { members.append(("track", .array(instance.tracks))) }
    if let password = instance.authentication?.password {
      let path = "\(secretsDirectory)/vrrp-\(instance.name).password"
      secrets.append(Import.Secret(path: path, text: password + "\n"))
      members.append(("password_file", .string(path)))
    }
    return members
  }

  // MARK: - Its statements

  private mutating func read(_ statement: Statement, _ instance: inout Instance) {
    let value = statement.value
    switch statement.keyword {
    case "interface":
      instance.link = value.flatMap(LinkName.init)
      if instance.link == nil {
        note(statement.location, "not a link's name: \(shown(value ?? ""))")
      }
    case "virtual_router_id": instance.id = number(statement, 1...255).map { UInt8($0) }
    case "version": instance.version = number(statement, 2...3) ?? instance.version
    case "priority": instance.priority = number(statement, 1...255) ?? instance.priority
    case "advert_int": readInterval(statement, &instance)
    // Every router begins as a backup, and an owner becomes master at once.
    case "state": instance.startsAsMaster = value == "MASTER"
    case "nopreempt": instance.noPreempt = statement.location
    case "preempt": instance.noPreempt = nil
    case "preempt_delay":
      let delay = value.flatMap(Duration.init(seconds:))
      if let delay, delay <= .seconds(1000) {
        instance.preemptDelay = delay
      } else {
        note(
          statement.location, "preempt_delay is no number from 0 to 1000: \(shown(value ?? ""))")
      }
    case "accept": instance.accept = true
    case "no_accept": instance.accept = false
    case "strict_mode": instance.isStrict = !["off", "false", "no"].contains(value ?? "on")
    case "native_ipv6": instance.family = .inet6
    case "unicast_src_ip", "mcast_src_ip":
      if let address = value.flatMap(IPAddress.init) {
        instance.source = (statement.location, address)
      } else {
        note(statement.location, "not an address: \(shown(value ?? ""))")
      }
    case "unicast_peer": readPeers(statement, &instance)
    case "old_unicast_checksum":
      instance.checksum = value == "never" ? "pseudo-header" : "group-pseudo-header"
    case "authentication": readAuthentication(statement, &instance)
    case "virtual_ipaddress": instance.virtual += addresses(statement)
    case "virtual_ipaddress_excluded": instance.excluded += addresses(statement)
    case "virtual_routes": instance.routes += statement.statements
    case "virtual_rules": instance.rules += statement.statements
    case "promote_secondaries":
      if let link = instance.link {
        network.set("net.ipv4.conf.\(Network.sysctlName(link)).promote_secondaries", 1)
      } else {
        leave(statement, "the interface must stand before it")
      }
    default: readMAC(statement, &instance)
    }
  }

  private mutating func readMAC(_ statement: Statement, _ instance: inout Instance) {
    switch statement.keyword {
    case "use_vmac":
      var link: String?
      for word in statement.words.dropFirst() {
        if word.utf8.contains(UInt8(ascii: ":")) {
          note(
            statement.location,
            "use_vmac: the MAC address is 00:00:5e:00:01:ID, of IPv6 00:00:5e:00:02:ID, not \(shown(word))"
          )
        } else if LinkName(word) == nil {
          note(statement.location, "use_vmac: not a link's name: \(shown(word))")
        } else {
          link = word
        }
      }
      instance.vmac = (statement.location, link)
    case "use_vmac_addr": instance.hasMACsForAddresses = true
    case "vmac_xmit_base":
      leave(statement, "which link advertisements leave by follows from \"vmac\"")
    default: if !Tracker.blocks.contains(statement.keyword) { leaveOfInstance(statement) }
    }
  }

  /// Statements of instances and sync groups that have no counterpart.
  mutating func leaveOfInstance(_ statement: Statement) {
    let keyword = statement.keyword
    if keyword.hasPrefix("notify") {
      leave(statement, "state what the script does as objects with \"when\": \"vrrp.NAME\"")
    } else if keyword.hasPrefix("garp_") {
      leave(
        statement,
        "an address is announced at once, 0.2, 1.2 and 4.2 seconds later, and then once a minute")
    } else if keyword == "dont_track_primary" {
      leave(statement, "a router whose link is down is no master")
    } else if keyword == "use_ipvlan" {
      leave(statement, "there are no ipvlan links; \"vmac\" is a macvlan")
    } else if keyword == "track_bfd" {
      leave(statement, "the state file has no section for BFD yet")
    } else if keyword == "down_timer_adverts", statement.value == "3" {
      return
    } else if keyword == "down_timer_adverts" {
      leave(statement, "a master is down after three intervals and the skew, as the RFC has it")
    } else {
      leave(statement)
    }
  }

  private mutating func readInterval(_ statement: Statement, _ instance: inout Instance) {
    guard let interval = statement.value.flatMap(Duration.init(seconds:)), interval > .zero else {
      note(
        statement.location, "advert_int is no number of seconds: \(shown(statement.value ?? ""))")
      return
    }
    instance.interval = interval
  }

  private mutating func readPeers(_ statement: Statement, _ instance: inout Instance) {
    instance.isUnicast = true
    for inner in statement.statements {
      var words = inner.words[...]
      while let word = words.popFirst() {
        if let address = IPAddress(word) {
          instance.peers.append((inner.location, address))
        } else if word == "min_ttl" || word == "max_ttl" {
          note(inner.location, "\(shown(word)) is not carried over: TTL and hop limit must be 255")
          _ = words.popFirst()
        } else {
          note(inner.location, "not a peer's address: \(shown(word))")
        }
      }
    }
  }

  private mutating func readAuthentication(_ statement: Statement, _ instance: inout Instance) {
    var (type, password) = ("", String?.none)
    for inner in statement.statements {
      switch inner.keyword {
      case "auth_type": type = (inner.value ?? "").uppercased()
      case "auth_pass": password = inner.value
      default: leave(inner)
      }
    }
    instance.authentication = (statement.location, type, password)
  }
}
