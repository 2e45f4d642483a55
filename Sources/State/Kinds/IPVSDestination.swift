internal import JSON
internal import Model

enum IPVSDestinationKey: Int, ObjectKey {
  case address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold, drain, when

  static let names = spelledNames()
  static let example = "{ \"address\": \"192.0.2.1\" }"
}

enum IPVSTunnelKey: Int, ObjectKey {
  case type, port, checksum

  static let names = spelledNames()
  static let example = "{ \"type\": \"gue\", \"port\": 6080 }"
}

/// What a destination's service determines for it.
struct DestinationContext {
  /// Nil if it couldn't be read.
  let match: IPVSService.Match?

  /// The service's port; nil if packets to every port keep theirs.
  var port: UInt16? {
    if case .address(_, let port, _)? = match, port != 0 { port } else { nil }
  }

  var leastPort: UInt16 { port == nil ? 0 : 1 }
}

extension ObjectReader<IPVSDestinationKey> {
  mutating func destination(
    _ context: DestinationContext
  ) -> (destination: IPVSDestination, when: Condition?)? {
    let address = required(.address, .address)
    let port = optional(.port, .uint16(context.leastPort, to: 65535))
    let forwarding = forwarding(.forwarding, .tunnel)
    let weight = optional(.weight, .uint32(0, to: 65535))
    let upper = optional(.upperThreshold, .uint32(0, to: 0x7fff_ffff))
    let lower = optional(.lowerThreshold, .uint32(0, to: 0x7fff_ffff))
    let isDrained = optional(.drain, .bool) ?? false
    let when = when()
    if let lower, lower > (upper ?? 0), !faults.contains(.upperThreshold) {
      report(
        .lowerThreshold,
        has(.upperThreshold)
          ? "must not be above \"upper_threshold\", \(upper ?? 0), but is \(lower)"
          : "needs an \"upper_threshold\", which it must not exceed")
    }
    guard let address else { return nil }
    if address.isUnspecified || address.isMulticast {
      report(.address, "\"\(address)\" is \(address.nature), which no server has")
    }
    check(address, port, forwarding, context)
    guard isSound else { return nil }
    var destination = IPVSDestination(
      address, port: port ?? context.port ?? 0, forwarding: forwarding ?? .masquerade,
      weight: weight ?? 1)
    destination.upperThreshold = upper ?? 0
    destination.lowerThreshold = lower ?? 0
    destination.isDrained = isDrained
    return (destination, when)
  }

  private mutating func check(
    _ address: IPAddress, _ port: UInt16?, _ forwarding: IPVSDestination.Forwarding?,
    _ context: DestinationContext
  ) {
    guard let forwarding, let match = context.match else { return }
    if address.family != match.family, forwarding.word != "tunnel" {
      report(
        .address,
        "\"\(address)\" is of another family than the service, which only a tunnel bridges")
    }
    if forwarding != .masquerade, let port, let own = context.port, port != own {
      report(
        .port,
        "must be the service's, \(own), or left out: \"\(forwarding.word)\" doesn't translate it")
    }
  }
}

extension ObjectReader {
  /// Reads the forwarding method, which two keys state.
  mutating func forwarding(_ key: Key, _ tunnelKey: Key) -> IPVSDestination.Forwarding? {
    let word = optional(key, forwardingForm)
    let tunnel: IPVSDestination.Tunnel? = object(tunnelKey, "tunnel") {
      (object: inout ObjectReader<IPVSTunnelKey>) in object.tunnel()
    }
    if word != "tunnel", !faults.contains(key) {
      refuse([tunnelKey]) { "\($0) is for \"forwarding\": \"tunnel\"" }
    }
    guard faults.isDisjoint(with: [key, tunnelKey]) else { return nil }
    switch word {
    case "direct": return .direct
    case "tunnel": return .tunnel(tunnel ?? .ipip)
    default: return .masquerade
    }
  }
}

extension ObjectReader<IPVSTunnelKey> {
  fileprivate mutating func tunnel() -> IPVSDestination.Tunnel? {
    let type = required(.type, tunnelTypeForm)
    let port = type == "gue" ? required(.port, .uint16(1, to: 65535)) : nil
    let checksum = optional(.checksum, checksumForm) ?? .none
    switch type {
    case "ipip":
      refuse([.port, .checksum]) { "\($0) is not for \"ipip\", which has none" }
      return .ipip
    case "gue":
      return port.map { .gue(port: $0, checksum: checksum) }
    case "gre":
      refuse([.port]) { "\($0) is not for \"gre\", which has none" }
      if checksum == .remote {
        report(.checksum, "must be \"none\" or \"plain\": \"remote\" is for \"gue\"")
      }
      return .gre(checksum: checksum)
    default:
      return nil
    }
  }
}

private let forwardingForm = WordForm(["masquerade", "direct", "tunnel"].map { ($0, $0) })
private let tunnelTypeForm = WordForm(["ipip", "gue", "gre"].map { ($0, $0) })
private let checksumForm = WordForm(IPVSDestination.Checksum.self, \.rawValue)
