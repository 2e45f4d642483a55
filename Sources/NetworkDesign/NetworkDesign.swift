public import Addressing

/// What follows from a description without problems.
public struct NetworkDesign: Hashable, Sendable {
  public let description: NetworkDescription
  public let division: Division
  public let hops: Hops

  public init(_ description: NetworkDescription) {
    self.description = description
    division = Division(description)
    hops = Hops(description)
  }

  public var families: [Family] { division.ipv6 == nil ? [.inet] : [.inet, .inet6] }

  /// The fixed clients of the simple alternative, which lie in the second half of the clients' quarter.
  public var forwardTargets: Division.Block {
    Division.Block(Division.size(division.network) / 8, max(1, description.forwards.count))
  }

  /// The other clients of the simple alternative.
  public var simpleClients: Division.Block { Division.Block(1, forwardTargets.first - 1) }
}
