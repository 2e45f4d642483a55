public import Addressing

/// What a step does to a table: a difference, and the ruleset that it holds for.
public struct TableChange: Hashable, Sendable {
  public let difference: TableDiff
  /// The generation of the ruleset that the table was read from; nil where it was read from a file.
  public let generation: UInt32?
  /// The numbers of links by which the tables were compiled and compared.
  public let numbers: LinkNumbers

  public init(_ difference: TableDiff, generation: UInt32?, numbers: LinkNumbers) {
    self.difference = difference
    self.generation = generation
    self.numbers = numbers
  }
}
