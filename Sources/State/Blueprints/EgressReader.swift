import Blueprints
internal import JSON
internal import Model

extension ObjectReader<EgressKey> {
  mutating func egress() -> Gateways.Egress? {
    if !has(.from) {
      reportMissing(.from, ": the client pods' network, such as \"192.168.24.0/22\"")
    }
    var egress = Gateways.Egress(from: oneOrMore(.from, .network) ?? [])
    for prefix in egress.from where prefix.length == 0 {
      report(.from, "\"\(prefix)\" is every address, and answers would have nowhere to go")
    }
    egress.seed = optional(.seed, .uint32(1, to: .max)) ?? egress.seed
    if let except = oneOrMore(.except, ExceptForm(), mayBeEmpty: true) {
      egress.exceptsReserved = except.contains(nil)
      egress.except = except.compactMap(\.self)
    }
    egress.balance = balance()
    choose(&egress)
    return isSound ? egress : nil
  }

  /// Which of those alive carry new flows.
  private mutating func choose(_ egress: inout Gateways.Egress) {
    if case .single = egress.balance {
      refuse([.active]) { "\($0) is 1 with \"balance\": \"single\": leave it out" }
    } else {
      egress.active = optional(.active, .uint8(1, to: 64)).map(Int.init)
      if !has(.active), !faults.contains(.balance) {
        refuse([.sticky]) {
          "\($0) is for \"balance\": \"single\", or beside \"active\": here all carry new flows"
        }
      }
    }
    egress.isSticky = optional(.sticky, .bool) ?? false
  }

  private mutating func balance() -> Gateways.Balance {
    let word = optional(.balance, balanceForm) ?? "consistent"
    if !faults.contains(.balance) {
      for (balance, keys) in EgressKey.own where balance != word {
        refuse(keys) { "\($0) is for \"balance\": \"\(balance)\", not \"\(word)\"" }
      }
    }
    // The kernel allocates a map's memory at once; more buckets than these spread no better.
    let buckets: UInt32 = optional(.buckets, .uint32(64, to: 65_536)) ?? 4096
    let multipath = multipath()
    switch word {
    case "ecmp": return .ecmp(multipath)
    case "single": return .single
    default: return .consistent(buckets: buckets)
    }
  }

  private mutating func multipath() -> Gateways.Multipath {
    var multipath = Gateways.Multipath()
    let policy = optional(.policy, policyForm) ?? 3
    if let fields = oneOrMore(.fields, fieldForm) {
      multipath.fields = fields.reduce(into: []) { $0.formUnion($1) }
    }
    if policy == 1 {
      refuse([.fields]) { "\($0) is for \"policy\" 3: 1 hashes the five-tuple" }
      multipath.fields = nil
    }
    // The most that ip(8) can show of one route.
    multipath.slots = optional(.slots, .uint32(2, to: 64))
    return multipath
  }
}

extension ObjectReader<ReturnKey> {
  /// Leaves room for the numbers of 64 gateways and those after them; `usual` are those that aren't stated.
  mutating func numbers(_ usual: Gateways.Numbers) -> Gateways.Numbers {
    var numbers = usual
    if let mark = optional(.mark, .mark) {
      if mark.mask != .max {
        report(.mark, "must have no mask: a packet's whole mark tells its gateway")
      } else if mark.bits == 0 || mark.bits > .max - 0x100 {
        report(.mark, "must be from \"0x1\" to \"0xfffffeff\": gateways count up from it")
      }
      numbers.mark = mark.bits
    }
    if let table = optional(.table, .table(findings.names)) {
      let last = Gateways.Numbers.lastTable
      if (253 - last...255).contains(table.number) || table.number > .max - last {
        report(
          .table,
          "must be \(252 - last) at most, or 256 at least: gateways count up from it, and 253 to 255 are the kernel's"
        )
      }
      numbers.table = table.number
    }
    // Before the lookup of main, at 32766.
    numbers.priority =
      optional(.priority, .uint32(1, to: 32_765 - Gateways.Numbers.lastRule)) ?? numbers.priority
    return numbers
  }
}

/// A prefix, or the word `reserved`, which is read as nil.
struct ExceptForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Prefix? {
    if value.string == "reserved" { return nil }
    do throws(Mismatch) {
      return try networkForm.read(value)
    } catch {
      guard let text = value.string, Spelling.nearest(to: text, among: ["reserved"]) != nil else {
        throw error
      }
      throw Mismatch("unknown word \(quoted(text)); did you mean \"reserved\"?")
    }
  }

  private var networkForm: TextForm<Prefix> { .network }
}

private let balanceForm = WordForm(EgressKey.own.map { ($0.balance, $0.balance) })
private let fieldForm = WordForm<Gateways.Fields>([
  ("src", .src), ("dst", .dst), ("proto", .proto), ("sport", .sport), ("dport", .dport),
])
private let policyForm = PolicyForm()

/// A policy of `fib_multipath_hash_policy`; only two tell flows apart.
private struct PolicyForm: Form {
  func read(_ value: JSON.Value) throws(Mismatch) -> Int {
    guard let policy = value.integer, policy == 1 || policy == 3 else {
      throw Mismatch(value, mustBe: "1 or 3")
    }
    return policy
  }
}
