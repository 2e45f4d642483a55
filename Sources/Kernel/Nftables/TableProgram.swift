public import Model

/// A table as the kernel takes it.
public struct TableProgram: Hashable, Sendable {
  public var family: Nftables.Family
  public var name: String
  /// `NFT_TABLE_F_*`.
  public var flags: UInt32
  public var userData: [UInt8]
  public var sets: [SetProgram]
  public var objects: [ObjectProgram]
  public var chains: [ChainProgram]
}

public struct ObjectProgram: Hashable, Sendable {
  public var name: String
  public var content: Nftables.NamedObject.Content
  public var userData: [UInt8]
}

public struct ChainProgram: Hashable, Sendable {
  public var name: String
  public var base: Nftables.BaseChain?
  public var userData: [UInt8]
  public var rules: [RuleProgram]
}

public struct RuleProgram: Hashable, Sendable {
  public var instructions: [Instruction]
  public var userData: [UInt8]
  /// What the kernel calls it; nil for one that isn't there yet.
  public var handle: UInt64?
}
