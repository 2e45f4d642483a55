internal import Model
internal import Netlink
internal import Nftables

extension RulePrinter {
  // nft --debug=netlink list ruleset
  /// `[ meta load l4proto => reg 1 ] [ cmp eq reg 1 0x00000006 ] [ match name u32 rev 0 ]`; made
  /// only on demand.
  static let libnftnl = RulePrinter { rule in
    rule.instructions.map { "[ \($0.bytecodeText) ]" }.joined(separator: " ")
  }
}

extension Instruction {
  fileprivate var bytecodeText: String {
    let text = isSafe ? ExpressionText.text { $0.put(content: self.withSetsNamed, [:]) } : nil
    return text ?? "\(kernelName): not known to libnftnl"
  }

  /// libnftnl aborts the process over an attribute of unexpected width. It gets only what we have
  /// read ourselves, and xtables' extensions once their attributes have been checked.
  private var isSafe: Bool {
    switch self {
    case .opaque("match", let bytes), .opaque("target", let bytes): Self.isExtension(bytes)
    case .opaque: false
    case .dynset(let dynset): dynset.statements.allSatisfy(\.isSafe)
    default: true
    }
  }

  /// `NFTA_MATCH_*` and `NFTA_TARGET_*` have the same form: a name, a revision, and bytes.
  private static func isExtension(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4
      && bytes.withUnsafeBytes { buffer in
        Attributes(buffer).allSatisfy { attribute in
          switch attribute.type {
          case 1: attribute.payload.count > 1 && attribute.payload.last == 0
          case 2: attribute.payload.count == 4
          case 3: true
          default: false
          }
        }
      }
  }

  /// We don't keep the kernel's names of anonymous sets; the number of elements says more.
  private var withSetsNamed: Instruction {
    func named(_ set: SetName) -> SetName {
      guard case .anonymous(let program) = set else { return set }
      let count = program.elements.count
      return .named("{ \(count) element\(count == 1 ? "" : "s") }")
    }
    switch self {
    case .lookup(let set, let register, let to, let isInverted):
      return .lookup(named(set), register, to: to, isInverted: isInverted)
    case .verdictLookup(let set, let register): return .verdictLookup(named(set), register)
    case .objectLookup(let set, let register): return .objectLookup(named(set), register)
    case .dynset(var dynset):
      dynset.set = named(dynset.set)
      return .dynset(dynset)
    default: return self
    }
  }
}
