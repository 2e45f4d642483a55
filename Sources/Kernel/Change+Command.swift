public import Model

extension Change {
  /// What the change asks of the kernel, as ip(8) or bridge(8) would be told.
  public var command: String {
    let word =
      switch verb {
      case .create: "add"
      case .update: "change"
      case .replace: "replace"
      case .delete: "delete"
      }
    switch object {
    case .sysctl(let sysctl):
      return "sysctl -w \(sysctl.key)=\(sysctl.text ?? "")"
    case .link(let link):
      if verb == .update { return "link set \(link.name)\(words)" }
      return "link \(word) \(link.name)" + (link.device.map { " type \($0.type)" } ?? "")
    case .address(let address):
      return "address \(word) \(address.id)"
    case .neighbor(let neighbor):
      return "neighbor \(word) \(neighbor.id)" + (neighbor.mac.map { " lladdr \($0)" } ?? "")
    case .fdb(let entry):
      return "bridge fdb \(word) \(entry.mac) dev \(entry.link) dst \(entry.dst)"
    case .nexthop(let nexthop):
      return "nexthop \(word) id \(nexthop.id)\(words)"
    case .route(let route):
      let type = route.type == .unicast ? "" : "\(route.type.name) "
      return "route \(verb == .delete ? word : "replace") \(type)\(route.id)\(words)"
    case .rule(let rule):
      return "rule \(word) \(rule.id)"
    case .table(let table):
      return "nft \(word) table \(table.id)"
    case .ipvs(let service):
      let letter = verb == .create ? "-A" : verb == .update ? "-E" : "-D"
      return "ipvsadm \(letter) \(service.id)" + (verb == .delete ? "" : " -s \(service.scheduler)")
    case .ipvsTimeout(let timeout):
      return "ipvsadm --set \(timeout.state) \(timeout.duration.text)"
    case .ipvsDaemon(let daemon):
      return verb == .delete
        ? "ipvsadm --stop-daemon \(daemon.role)"
        : "ipvsadm --start-daemon \(daemon.role) --mcast-interface \(daemon.link)"
    }
  }

  /// The stated properties, but for those that the title has: ` via 192.0.2.1 dev eth0`.
  private var words: String {
    func words<R: Resource>(_ desired: R) -> String {
      if verb == .delete { return "" }
      let properties =
        (observed?.resource as? R).map { present in
          verb == .update ? desired.differences(from: present) : R.properties
        } ?? R.properties
      return properties.filter { !$0.isIdentity && $0.name != "type" }
        .compactMap { property in
          property.value(desired).map { value in
            // A thousand next hops have no place in an error.
            let text = value.description
            return " \(property.name) " + (text.utf8.count <= 200 ? text : text.prefix(200) + "...")
          }
        }
        .joined()
    }
    return words(object.resource)
  }
}
