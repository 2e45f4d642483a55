public import Addressing

/// What a step does to a table: a difference, and the ruleset that it was computed for.
public struct TableChange: Sendable {
  public let difference: TableDiff
  /// The generation of the ruleset that the table was read from; nil if it was read from a file.
  public let generation: UInt32?
  /// The interface indexes with which the tables were compiled and compared.
  public let numbers: LinkNumbers
  /// The other names that the machine defines; equal for one machine.
  public let names: MachineNames

  public init(
    _ difference: TableDiff, generation: UInt32?, numbers: LinkNumbers,
    names: MachineNames = MachineNames()
  ) {
    self.difference = difference
    self.generation = generation
    self.numbers = numbers
    self.names = names
  }
}

extension TableChange: Hashable {
  public static func == (a: TableChange, b: TableChange) -> Bool {
    a.generation == b.generation && a.difference == b.difference && a.numbers == b.numbers
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(generation)
    hasher.combine(difference)
  }
}
