internal import Model
internal import Netlink
internal import Nftables

extension NftablesKernel {
  /// Creates a table that is too big for one transaction: first what its rules look up, part by
  /// part; nothing is attached to a hook before everything is there.
  ///
  /// Returns the generation after it.
  func createInParts(
    _ program: TableProgram, generation: UInt32, _ describer: RuleDescriber
  ) throws(NetlinkError) -> UInt32 {
    var generation = generation
    func commit(_ body: (inout NftablesEncoder) -> Void) throws(NetlinkError) {
      try transact(generation) { batch in
        var encoder = NftablesEncoder(
          batch, family: program.family, table: program.name, nextID: 1)
        encoder.describer = describer
        body(&encoder)
      }
      generation = generation.nextGeneration
    }
    try commit { encoder in
      encoder.create(program)
      for chain in program.chains where chain.base == nil { encoder.create(chain) }
      for object in program.objects { encoder.create(object) }
      for flowtable in program.flowtables { encoder.create(flowtable) }
      for set in program.sets {
        var set = set
        set.elements = []
        encoder.create(set)
      }
    }
    for set in program.sets {
      var rest = set.elements[...]
      while !rest.isEmpty {
        let part = rest.prefix(Self.elementsAtOnce)
        rest = rest.dropFirst(part.count)
        try commit { $0.add(Array(part), to: set.name, id: nil) }
      }
    }
    // A transaction without content makes no new generation.
    guard program.chains.contains(where: { $0.base != nil || !$0.rules.isEmpty }) else {
      return generation
    }
    try commit { encoder in
      for chain in program.chains where chain.base != nil { encoder.create(chain) }
      for chain in program.chains {
        for rule in chain.rules { encoder.create(rule, chain: chain.name) }
      }
    }
    return generation
  }
}

extension UInt32 {
  /// `nf_tables_commit` counts up, skipping zero.
  var nextGeneration: UInt32 { self == .max ? 1 : self + 1 }
}

/// Describes rules in nft's syntax, for when the kernel refuses them.
struct RuleDescriber {
  private let decompiler: TableDecompiler?

  /// Describes rules of this table; `numbers` are interface indexes.
  init(
    _ program: TableProgram?, _ numbers: LinkNumbers, _ names: MachineNames = MachineNames()
  ) {
    decompiler = program.map { TableDecompiler($0, numbers: numbers, names: names) }
  }

  func text(_ rule: RuleProgram) -> String {
    guard let decompiler else { return "..." }
    return decompiler.rule(rule).map { decompiler.text($0) } ?? decompiler.bytecode(rule)
  }
}
