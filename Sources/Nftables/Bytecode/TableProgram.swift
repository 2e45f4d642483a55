extension Nftables.Bytecode {
  /// A table as the kernel takes it.
  public struct TableProgram: Hashable, Sendable {
    public var family: Nftables.Family
    public var name: String
    /// `NFT_TABLE_F_*`.
    public var flags: UInt32
    public var userData: [UInt8]
    public var sets: [SetProgram]
    public var objects: [ObjectProgram]
    /// As the state file has them: they need no compiling.
    public var flowtables: [Nftables.Flowtable] = []
    public var chains: [ChainProgram]
    /// Observed only: objects that we can't read, such as `object o`; they are left alone.
    public var unknown: [String] = []
    public var printer = RulePrinter()

    public init(
      family: Nftables.Family, name: String, flags: UInt32, userData: [UInt8], sets: [SetProgram],
      objects: [ObjectProgram], chains: [ChainProgram]
    ) {
      self.family = family
      self.name = name
      self.flags = flags
      self.userData = userData
      self.sets = sets
      self.objects = objects
      self.chains = chains
    }
  }
}

extension Nftables.Bytecode {
  public struct ObjectProgram: Hashable, Sendable {
    public var name: String
    public var content: Nftables.NamedObject.Content
    public var userData: [UInt8]

    public init(
      name: String, content: Nftables.NamedObject.Content, userData: [UInt8]
    ) {
      self.name = name
      self.content = content
      self.userData = userData
    }
  }
}

extension Nftables.Bytecode {
  public struct ChainProgram: Hashable, Sendable {
    public var name: String
    public var base: Nftables.BaseChain?
    public var userData: [UInt8]
    public var rules: [RuleProgram]

    public init(
      name: String, base: Nftables.BaseChain? = nil, userData: [UInt8], rules: [RuleProgram]
    ) {
      self.name = name
      self.base = base
      self.userData = userData
      self.rules = rules
    }
  }
}

extension Nftables.Bytecode {
  public struct RuleProgram: Hashable, Sendable {
    public var instructions: [Instruction]
    public var userData: [UInt8]
    /// The kernel's handle of the rule; nil if it isn't there yet.
    public var handle: UInt64?

    public init(
      instructions: [Instruction], userData: [UInt8], handle: UInt64? = nil
    ) {
      self.instructions = instructions
      self.userData = userData
      self.handle = handle
    }
  }
}

extension Nftables.Bytecode.TableProgram {
  private static let mark = Nftables.Bytecode.UserData.item(
    Nftables.Bytecode.UserData.mark, Array("vpngw".utf8))

  /// Whether vpngw made it.
  public var isMarked: Bool {
    Nftables.Bytecode.UserData.items(userData).contains {
      $0.type == Nftables.Bytecode.UserData.mark && $0.value.elementsEqual("vpngw".utf8)
    }
  }

  public var marked: Nftables.Bytecode.TableProgram {
    if isMarked { return self }
    var table = self
    table.userData += Self.mark
    return table
  }

  public var unmarked: Nftables.Bytecode.TableProgram {
    var table = self
    table.userData = Nftables.Bytecode.UserData.items(userData)
      .filter { $0.type != Nftables.Bytecode.UserData.mark }
      .flatMap { Nftables.Bytecode.UserData.item($0.type, Array($0.value)) }
    return table
  }
}
