internal import DDNS
internal import JSON
internal import Model

extension ObjectReader<DDNSKey> {
  /// Which records are published.
  mutating func records() -> Publication.Records? {
    let types = oneOrMore(.type, WordForm(RecordType.self, \.rawValue))
    if has(.type), types == nil { return nil }
    let all = Set(types ?? [.a])
    if let types, all.count < types.count { report(.type, "states a type twice") }
    let other = all.first { !$0.holdsAddresses }
    if let other, all.count > 1 {
      report(.type, "\(other.rawValue) needs an entry of its own: only A and AAAA go together")
      return nil
    }
    for key in [DDNSKey.priority, .weight, .port, .target, .text, .alpn, .hints]
    where value(key) != nil && !Self.own(other).contains(key) {
      let types: [RecordType] = [.srv, .txt, .https]
      let owners = types.filter { Self.own($0).contains(key) }
      refuse(
        key,
        "\"\(key.name)\" is for \(Spelling.list(owners.map(\.rawValue), "and")) records, not for "
          + (other ?? all.min()!).rawValue)
    }
    switch other {
    case .srv: return services()
    case .txt:
      return required(.text, templateForm, ", such as \"port={port}\"").map { .texts($0) }
    case .https: return bindings()
    default: return .addresses(all)
    }
  }

  private static func own(_ type: RecordType?) -> KeySet<DDNSKey> {
    switch type {
    case .srv: [.priority, .weight, .port, .target]
    case .txt: [.text]
    case .https: [.priority, .port, .target, .alpn, .hints]
    default: []
    }
  }

  private mutating func services() -> Publication.Records? {
    let port = required(.port, PortForm(), ": \"forwarded\", or a number")
    let target = required(.target, targetForm, ", such as \"{gateway}.vpn.example.org\"")
    let priority: UInt16 = optional(.priority, .uint16(0, to: .max)) ?? 0
    let weight: UInt16 = optional(.weight, .uint16(0, to: .max)) ?? 0
    guard let port, let target else { return nil }
    return Publication.Records.services(
      priority: priority, weight: weight, port: port, target: target)
  }

  private mutating func bindings() -> Publication.Records? {
    var binding = Publication.Binding()
    binding.priority = optional(.priority, .uint16(1, to: .max)) ?? 1
    binding.port = optional(.port, PortForm())
    binding.target = optional(.target, targetForm)
    binding.hasHints = optional(.hints, .bool) ?? false
    if has(.alpn) { binding.protocols = elements(.alpn, protocolForm)?.compactMap(\.self) ?? [] }
    return .bindings(binding)
  }
}

private let templateForm = TextForm<Template>(
  what: "a text such as \"port={port}\""
) { text throws(Mismatch) in
  guard let template = Template(text) else {
    throw Mismatch(
      "\(quoted(text)) has a brace that isn't of {gateway}, {address} or {port}")
  }
  return template
}

/// A name, which may have `{gateway}` in it.
private let targetForm = TextForm<Template>(
  what: "a name such as \"{gateway}.vpn.example.org\""
) { text throws(Mismatch) in
  guard let template = Template(text), !text.contains("{address}"), !text.contains("{port}"),
    let name = RecordName(text.replacing("{gateway}", with: "a")), !name.text.isEmpty
  else {
    throw Mismatch(
      "\(quoted(text)) is no domain name; write one such as \"{gateway}.vpn.example.org\"")
  }
  return template
}

private let protocolForm = TextForm<String>(
  what: "a protocol such as \"h2\""
) { text throws(Mismatch) in
  guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
    !text.contains(","), !text.contains("\"")
  else { throw Mismatch("\(quoted(text)) is no protocol; write one such as \"h2\"") }
  return text
}

private struct PortForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Publication.Port {
    if value.string == "forwarded" { return .forwarded }
    guard let number = value.integer, let port = UInt16(exactly: number), port > 0 else {
      throw Mismatch(value, mustBe: "\"forwarded\", or a port from 1 to 65535")
    }
    return .fixed(port)
  }
}
