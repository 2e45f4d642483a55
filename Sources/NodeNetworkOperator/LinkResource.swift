internal import Model
internal import YAML

/// A Link of node-network-operator (`api/v1alpha1/link_types.go`).
struct LinkResource {
  /// The resource's name, by which others refer to it.
  var name: String
  var interface: LinkName
  var spec: Spec
  var selector: [Requirement]
  var place: Int

  enum Spec {
    case bridge(mtu: Int?)
    case vxlan(VXLANSpec)
    case unmanaged
  }

  struct VXLANSpec {
    var id: Int
    var remote: IPAddress
    var port: Int
    var sourcePorts: (first: Int, last: Int)
    var device: Reference?
    var master: Reference?
    var mtu: Int?
  }

  struct Reference {
    var name: String
    var isOptional: Bool
    var place: Int
  }

  /// A part of a label selector.
  enum Requirement: Hashable {
    case oneOf(String, [String])
    case noneOf(String, [String])
    case exists(String)
    case absent(String)
  }

  /// Whom it depends on, each with the key that names it.
  var references: [(key: String, reference: Reference)] {
    guard case .vxlan(let vxlan) = spec else { return [] }
    return [("device", vxlan.device), ("master", vxlan.master)].compactMap { key, reference in
      reference.map { (key, $0) }
    }
  }
}

/// Reads a resource key by key; what is wrong goes to `report` with its line.
struct LinkResourceReader {
  let report: (_ line: Int, _ sentence: String) -> Void

  /// Nil, and reported, if there is no link to be made of it.
  func resource(_ value: YAML) -> LinkResource? {
    let metadata = value["metadata"]
    guard let spec = value["spec"], spec.members != nil else {
      return fail(value.line, "this Link has no \"spec\"")
    }
    guard let name = metadata?["name"]?.string else {
      return fail(metadata?.line ?? value.line, "this Link has no \"metadata.name\"")
    }
    refuseKeys(of: spec, but: ["interfaceName", "nodeSelector", "bridge", "vxlan", "unmanaged"])
    guard let text = spec["interfaceName"]?.string else {
      return fail(spec.line, "\(name): \"interfaceName\" is missing")
    }
    guard let interface = LinkName(text) else {
      return fail(spec["interfaceName"]!.line, "\(name): \"\(text)\" is no link's name")
    }
    let types = ["bridge", "vxlan", "unmanaged"].filter { spec[$0] != nil && !spec[$0]!.isNull }
    guard types.count == 1 else {
      return fail(
        spec.line, "\(name): must have one of \"bridge\", \"vxlan\" and \"unmanaged\"")
    }
    let body = spec[types[0]]!
    guard body.members != nil else {
      return fail(body.line, "\(name): \"\(types[0])\" must be a map")
    }
    guard let read = read(types[0], body, name), let selector = selector(spec["nodeSelector"], name)
    else { return nil }
    return LinkResource(
      name: name, interface: interface, spec: read, selector: selector, place: value.line)
  }

  private func fail<T>(_ line: Int, _ sentence: String) -> T? {
    report(line, sentence + ": left out")
    return nil
  }

  private func refuseKeys(of value: YAML, but known: [String]) {
    for (key, value) in value.members ?? [] where !known.contains(key) {
      report(value.line, "\"\(key)\" is unknown, and not carried over")
    }
  }

  private func read(_ type: String, _ body: YAML, _ name: String) -> LinkResource.Spec? {
    switch type {
    case "bridge":
      refuseKeys(of: body, but: ["mtu"])
      guard let mtu = number(body, "mtu", 68...65535, name) else { return nil }
      return .bridge(mtu: mtu)
    case "vxlan": return vxlan(body, name).map(LinkResource.Spec.vxlan)
    default:
      refuseKeys(of: body, but: [])
      return .unmanaged
    }
  }

  private func vxlan(_ body: YAML, _ name: String) -> LinkResource.VXLANSpec? {
    refuseKeys(
      of: body,
      but: ["vnid", "remoteIPAddress", "port", "sourcePort", "device", "master", "mtu"])
    guard let id = number(body, "vnid", 1...16_777_215, name),
      let port = number(body, "port", 1...65535, name),
      let mtu = number(body, "mtu", 68...65535, name)
    else { return nil }
    guard let id else { return fail(body.line, "\(name): \"vnid\" is missing") }
    guard let text = body["remoteIPAddress"]?.string, let remote = IPAddress(text),
      remote.family == .inet
    else {
      return fail(
        body["remoteIPAddress"]?.line ?? body.line,
        "\(name): \"remoteIPAddress\" must be an IPv4 address")
    }
    var sourcePorts = (first: 4789, last: 4789)
    if let range = body["sourcePort"], !range.isNull {
      guard case .some(.some(let first)) = number(range, "start", 1...65535, name),
        case .some(.some(let last)) = number(range, "end", 1...65535, name), first <= last
      else {
        return fail(range.line, "\(name): \"sourcePort\" needs a \"start\" and an \"end\" after it")
      }
      sourcePorts = (first, last)
    }
    guard let device = reference(body, "device", name), let master = reference(body, "master", name)
    else { return nil }
    if remote.isMulticast, device == nil {
      return fail(
        body.line, "\(name): \"device\" is missing, which a multicast \"remoteIPAddress\" needs")
    }
    return LinkResource.VXLANSpec(
      id: id, remote: remote, port: port ?? 4789, sourcePorts: sourcePorts, device: device,
      master: master, mtu: mtu)
  }

  /// A whole number; nil if absent, and a nil of the outer kind if wrong and reported.
  private func number(
    _ body: YAML, _ key: String, _ range: ClosedRange<Int>, _ name: String
  ) -> Int?? {
    guard let value = body[key], !value.isNull else { return .some(nil) }
    guard let number = value.integer, range.contains(number) else {
      report(
        value.line,
        "\(name): \"\(key)\" must be a number from \(range.lowerBound) to \(range.upperBound): "
          + "left out")
      return nil
    }
    return .some(number)
  }

  private func reference(
    _ body: YAML, _ key: String, _ name: String
  ) -> LinkResource.Reference?? {
    guard let value = body[key], !value.isNull else { return .some(nil) }
    refuseKeys(of: value, but: ["name", "optional", "setDownOnDependencyUpdate"])
    guard let target = value["name"]?.string else {
      report(value.line, "\(name): \"\(key)\" has no \"name\": left out")
      return nil
    }
    if let set = value["setDownOnDependencyUpdate"] {
      report(
        set.line,
        "\(name): \"setDownOnDependencyUpdate\" is not carried over: links are changed in the order "
          + "of their dependencies, and stay up meanwhile")
    }
    return LinkResource.Reference(
      name: target, isOptional: value["optional"]?.bool ?? false, place: value.line)
  }

  private func selector(_ value: YAML?, _ name: String) -> [LinkResource.Requirement]? {
    guard let value, !value.isNull else { return [] }
    refuseKeys(of: value, but: ["matchLabels", "matchExpressions"])
    var requirements: Set<LinkResource.Requirement> = []
    for (label, text) in value["matchLabels"]?.members ?? [] {
      guard let text = text.string else {
        return fail(text.line, "\(name): the value of label \"\(label)\" must be a text")
      }
      requirements.insert(.oneOf(label, [text]))
    }
    for expression in value["matchExpressions"]?.elements ?? [] {
      let line = expression.line
      guard let label = expression["key"]?.string,
        let word = expression["operator"]?.string
      else { return fail(line, "\(name): this expression needs a \"key\" and an \"operator\"") }
      let values = (expression["values"]?.elements ?? []).compactMap(\.string).sorted()
      switch word {
      case "In" where !values.isEmpty: requirements.insert(.oneOf(label, values))
      case "NotIn" where !values.isEmpty: requirements.insert(.noneOf(label, values))
      case "Exists": requirements.insert(.exists(label))
      case "DoesNotExist": requirements.insert(.absent(label))
      default:
        return fail(
          line, "\(name): \"operator\" must be In or NotIn with \"values\", Exists or DoesNotExist")
      }
    }
    return requirements.sorted { "\($0)" < "\($1)" }
  }
}
