internal import JSON
internal import Model

extension ObjectReader<LinkKey> {
  mutating func tunnel(_ kind: Tunnel.Kind, of link: Link) -> Tunnel? {
    if Tunnel.fallbacks.contains(link.name.text) {
      report(
        .name,
        "\"\(link.name)\" is the kernel's own, which comes with its module: take another name")
    }
    var tunnel = Tunnel(kind)
    if let mode = optional(.mode, ModeForm(kind: kind)) { tunnel.mode = mode }
    tunnel.local = end(.local, kind.family)
    tunnel.remote = end(.remote, kind.family)
    tunnel.dev = optional(.dev, .link)
    tunnel.ttl = optional(.ttl, .uint8(1, to: 255))
    if let tos = optional(.tos, FieldForm(most: 255)) { tunnel.tos = tos }
    if kind.family == .inet, case .fixed(let number) = tunnel.tos, number % 2 != 0 {
      report(.tos, "must be even, or \"inherit\": the kernel takes an odd TOS for that")
    }
    tunnel.pmtudisc = optional(.pmtudisc, .bool) ?? true
    if !tunnel.pmtudisc, tunnel.ttl != nil {
      refuse(
        .ttl, "\"ttl\" can't stand beside \"pmtudisc\": false, or packets could circle for ever")
    }
    readKeys(&tunnel)
    tunnel.csum = optional(.csum, .bool) ?? false
    tunnel.seq = optional(.seq, .bool) ?? false
    tunnel.encaplimit = optional(.encaplimit, EncaplimitForm()) ?? Tunnel.usualEncaplimit
    if kind.family == .inet { tunnel.encaplimit = Tunnel.usualEncaplimit }
    if let label = optional(.flowlabel, FieldForm(most: 0xf_ffff)) { tunnel.flowlabel = label }
    tunnel.fwmark = mark()
    checkEnds(tunnel, isAdopted: link.isAdopted)
    return tunnel
  }

  private mutating func end(_ key: LinkKey, _ family: Family) -> IPAddress? {
    guard let address = optional(key, .address) else { return nil }
    let problem: String? =
      if address.family != family {
        "is of the other family: this type's outer packets are \(family == .inet ? "IPv4" : "IPv6")"
      } else if address.isUnspecified {
        "is no endpoint: leave \"\(key.name)\" out"
      } else if key == .local, address.isMulticast {
        "is a multicast address, which no machine can have"
      } else {
        nil
      }
    if let problem { report(key, "\"\(address)\" \(problem)") }
    return problem == nil ? address : nil
  }

  private mutating func readKeys(_ tunnel: inout Tunnel) {
    let key = optional(.key, .uint32(0, to: .max))
    tunnel.ikey = optional(.ikey, .uint32(0, to: .max)) ?? key
    tunnel.okey = optional(.okey, .uint32(0, to: .max)) ?? key
    guard has(.key) else { return }
    refuse([.ikey, .okey]) { "\($0) can't stand beside \"key\", which is both of them" }
  }

  private mutating func mark() -> UInt32 {
    guard let mark = optional(.fwmark, .mark) else { return 0 }
    guard mark.mask == .max, mark.bits != 0 else {
      report(.fwmark, "must be a single mark from \"0x1\" to \"0xffffffff\", not \"\(mark)\"")
      return 0
    }
    return mark.bits
  }

  /// Without any of them it would be the kernel's own tunnel, which is there already.
  private mutating func checkEnds(_ tunnel: Tunnel, isAdopted: Bool) {
    if isAdopted || has(.remote) || has(.local) || has(.dev) || tunnel.ikey != nil { return }
    reportMissing(
      .remote,
      tunnel.kind.isGRE
        ? ", or \"local\", \"dev\" or \"key\": without any it would be the kernel's own tunnel"
        : ", or \"local\" or \"dev\": without any it would be the kernel's own tunnel")
  }
}

/// One of a type's modes.
private struct ModeForm: Form {
  let kind: Tunnel.Kind

  func read(_ value: JSON.Value) throws(Mismatch) -> Tunnel.Mode {
    try WordForm(kind.modes.map { ($0.mode.rawValue, $0.mode) }).read(value)
  }
}

/// A number, or `inherit`.
private struct FieldForm: Form {
  let most: UInt32

  func read(_ value: JSON.Value) throws(Mismatch) -> Tunnel.Field {
    if value.string == "inherit" { return .inherit }
    guard let number = value.integer.flatMap(UInt32.init(exactly:)), number <= most else {
      throw Mismatch(value, mustBe: "\"inherit\" or an integer from 0 to \(most)")
    }
    return .fixed(number)
  }
}

/// A number, or `none`, which is read as nil.
private struct EncaplimitForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> UInt8? {
    if value.string == "none" { return nil }
    guard let number = value.integer.flatMap(UInt8.init(exactly:)) else {
      throw Mismatch(value, mustBe: "\"none\" or an integer from 0 to 255")
    }
    return number
  }
}
