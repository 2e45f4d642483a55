internal import JSON
internal import Model

extension Draft {
  /// Gathers what instances refer to, wherever it stands: defaults, names, groups, what is tracked.
  mutating func gatherVRRP(_ statements: [Statement]) {
    var taken: Set<String> = []
    for statement in statements {
      switch statement.keyword {
      case "global_defs": for inner in statement.statements { gatherGlobal(inner) }
      case "vrrp_instance":
        guard let name = statement.value, instanceNames[name] == nil else { continue }
        let base = identifier(name)
        var ours = base
        while !taken.insert(ours).inserted {
          repeats[base, default: 1] += 1
          ours = "\(base)-\(repeats[base]!)"
        }
        instanceNames[name] = ours
      default:
        guard let kind = Tracker.Kind.definitions[statement.keyword], let name = statement.value
        else { continue }
        let id = Tracker.ID(kind: kind, name: name)
        if definitions[id] == nil { definitions[id] = statement }
      }
    }
    for statement in statements where statement.keyword == "vrrp_sync_group" { gather(statement) }
  }

  private mutating func gatherGlobal(_ statement: Statement) {
    switch statement.keyword {
    case "vrrp_version": defaults.version = statement.value == "3" ? 3 : 2
    case "vrrp_strict":
      defaults.isStrict = !["off", "false", "no"].contains(statement.value ?? "on")
    case "vrrp_startup_delay":
      defaults.startupDelay = min(
        statement.value.flatMap(Duration.init(seconds:)) ?? .zero, .seconds(3600))
    case "default_interface":
      defaults.link = statement.value.flatMap(LinkName.init) ?? defaults.link
    default: break
    }
  }

  /// Names of instances in a sync group, in the order of the file.
  private func members(of group: Statement) -> [(name: String, location: Location)] {
    group.statements.filter { $0.keyword == "group" }.flatMap { block in
      block.statements.flatMap { line in line.words.map { ($0, line.location) } }
    }
  }

  private mutating func gather(_ group: Statement) {
    let members = members(of: group).map(\.name).filter { instanceNames[$0] != nil }
    // keepalived drops a group of one.
    guard let name = group.value, Set(members).count > 1 else { return }
    for member in members where syncGroups[member] == nil {
      syncGroups[member] = SyncGroup(
        name: identifier(name),
        keepsWeights: group.statements.contains { $0.keyword == "sync_group_tracking_weight" },
        statements: group.statements)
    }
  }

  /// Whether the statement belongs to VRRP.
  mutating func addVRRP(_ statement: Statement) -> Bool {
    switch statement.keyword {
    case "vrrp_instance": addInstance(statement)
    case "vrrp_sync_group": noteGroup(statement)
    case "static_ipaddress": addStatic(statement)
    case "static_routes": for route in statement.statements { addRoute(route, when: nil) }
    case "static_rules": for rule in statement.statements { addRule(rule, when: nil) }
    case "garp_group": leave(statement, "announcements are a few packets for each address")
    // keepalived doesn't run a script that nothing tracks, either.
    case _ where Tracker.Kind.definitions[statement.keyword] != nil: break
    default: return false
    }
    return true
  }

  /// What of a sync group isn't in its instances.
  private mutating func noteGroup(_ group: Statement) {
    let members = members(of: group)
    for (name, location) in members {
      if instanceNames[name] == nil {
        note(location, "there is no vrrp_instance \(shown(name))")
      } else if let other = syncGroups[name]?.name, other != identifier(group.value ?? "") {
        note(location, "vrrp_instance \(shown(name)) is in the group \(shown(other)) already")
      }
    }
    if Set(members.map(\.name)).count < 2 {
      note(group.location, "a sync group of fewer than two instances: left out")
    }
    for inner in group.statements {
      switch inner.keyword {
      case "group", "sync_group_tracking_weight": break
      case _ where Tracker.blocks.contains(inner.keyword): break
      default: leaveOfInstance(inner)
      }
    }
  }

  mutating func leaveGlobal(_ statement: Statement) {
    switch statement.keyword {
    case "vrrp_version", "vrrp_strict", "vrrp_startup_delay", "default_interface": break
    case "log_unknown_vrids":
      leave(statement, "packets of other virtual routers are counted, never logged")
    case "vrrp_mcast_group4", "vrrp_mcast_group6":
      leave(statement, "the groups are the RFC's, 224.0.0.18 and ff02::12")
    case _ where statement.keyword.hasPrefix("vrrp_garp"):
      leave(
        statement,
        "an address is announced at once, 0.2, 1.2 and 4.2 seconds later, and then once a minute")
    default: leave(statement)
    }
  }

  /// The text as a name of the state file.
  func identifier(_ wanted: String) -> String {
    let bytes = wanted.utf8.prefix(56).map { byte in
      byte.isNameByte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
        ? byte : UInt8(ascii: "-")
    }
    let name = bytes.string
    return name.isEmpty || "_-.".contains(name.first!) ? "v" + name : name
  }
}
