import Addressing

/// A part of a table that can't be compiled, and why.
public struct NftablesFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Part: Hashable, Sendable {
    case table
    case set(String)
    case object(String)
    case flowtable(String)
    case chain(String)
    /// A rule by its position in its chain, from 0.
    case rule(chain: String, position: Int)
  }

  public var family: Nftables.Family
  public var table: String
  public var part: Part
  public var message: String

  /// `table inet t, chain c, rule 3: no set is called "x"`.
  public var description: String {
    let within =
      switch part {
      case .table: ""
      case .set(let name): ", set \(name)"
      case .object(let name): ", object \(name)"
      case .flowtable(let name): ", flowtable \(name)"
      case .chain(let name): ", chain \(name)"
      case .rule(let chain, let position): ", \(RulePosition(chain: chain, position: position))"
      }
    return "table \(family.rawValue) \(table)\(within): \(message)"
  }
}
