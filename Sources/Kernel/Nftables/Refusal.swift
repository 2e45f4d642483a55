public import Model
public import Netlink
public import Nftables

extension Kernel {
  /// The kernel refuses part of a table: this is its answer to the request, in nft's words.
  public struct Refusal: Hashable, Sendable {
    public let table: NftablesTable
    public let error: NetlinkError
  }

  /// Loads tables into a temporary network namespace that nobody else sees, and returns what the
  /// kernel refuses.
  ///
  /// Each table is loaded as a whole, with stand-ins for the links that it names.
  public static func refusals(
    of tables: [NftablesTable], _ names: MachineNames
  ) throws -> [Refusal] {
    if tables.isEmpty { return [] }
    return try Namespace.make().run {
      let nftables = try NftablesKernel()
      do throws(NetlinkError) {
        _ = try nftables.generation()
      } catch {
        return [Refusal(table: tables[0], error: .withoutNftables(tables[0]))]
      }
      let socket = try Socket()
      try makeStandIns(for: tables, socket)
      let numbers = LinkNumbers(try LinkTable(socket).links)
      return try tables.flatMap { table in
        guard let program = try table.program(numbers, names) else { return [Refusal]() }
        return try nftables.refusals(of: program, RuleDescriber(program, numbers, names)).map {
          Refusal(table: table, error: $0.explained)
        }
      }
    }
  }

  private static func makeStandIns(
    for tables: [NftablesTable], _ socket: Socket
  ) throws(NetlinkError) {
    let present = try LinkTable(socket)
    let missing = Set(tables.flatMap(\.links).compactMap { LinkName($0) })
      .filter { present.index($0) == nil }
    for name in missing.sorted() {
      // Small kernels may lack dummies, but not what vpngw itself is for.
      for device in [Device.dummy, .bridge(Bridge())] {
        let change = Change(.create, Link(name, device))
        let encoder = Encoder(nil, present, ipvs: nil)
        encoder.batch.step(0) { change.command }
        try LinkKind.encode(change, encoder)
        guard let failure = try socket.send(encoder.batch).first else { break }
        if case .bridge = device { throw failure.error }
      }
    }
  }
}

extension NftablesKernel {
  /// What the kernel refuses of a new table; nothing of the table is left if there is anything.
  ///
  /// Reports rules one by one, up to twenty: the kernel checks a table as a whole, and so refuses
  /// everything that follows a bad rule.
  func refusals(
    of program: TableProgram, _ describer: RuleDescriber
  ) throws(NetlinkError) -> [NetlinkError] {
    if program.isBig {
      do throws(NetlinkError) {
        _ = try createInParts(program, generation: try generation(), describer)
        return []
      } catch {
        return [error]
      }
    }
    var program = program
    var refused: [NetlinkError] = []
    while refused.count < 20 {
      let failures = try socket.transact(
        transaction(nil) { batch in
          var encoder = NftablesEncoder(
            batch, family: program.family, table: program.name, nextID: 1)
          encoder.describer = describer
          encoder.load(program)
        })
      guard let first = failures.first else { break }
      guard let position = NftablesEncoder.Tag.rule(first.tag) else {
        return refused + failures.withoutConsequences.map(\.explained)
      }
      refused.append(first.error)
      program.removeRule(position)
    }
    return refused
  }
}

extension Socket.FailedStep {
  /// With a reason, if the errno alone doesn't tell it.
  var explained: NetlinkError {
    guard tag == NftablesEncoder.Tag.flowtable, error.kernelText == nil,
      error.code == ErrorCode.noEntry || error.code == ErrorCode.notSupported
    else { return error }
    return NetlinkError(
      error.operation, code: error.code,
      kernelText: "this kernel has no flowtables (nf_flow_table), or not on such a link")
  }
}

extension [Socket.FailedStep] {
  /// Without refusals of what merely refers to a part that was refused.
  fileprivate var withoutConsequences: [Socket.FailedStep] {
    if first?.tag == NftablesEncoder.Tag.table { return Array(prefix(1)) }
    let parts = [NftablesEncoder.Tag.part, NftablesEncoder.Tag.flowtable]
    let lacksParts = contains { parts.contains($0.tag) }
    return filter { failure in
      NftablesEncoder.Tag.rule(failure.tag) == nil
        && !(lacksParts && failure.tag == NftablesEncoder.Tag.other
          && failure.error.code == ErrorCode.noEntry)
    }
  }
}

extension TableProgram {
  /// Removes a rule by its position among the rules of all chains.
  fileprivate mutating func removeRule(_ position: Int) {
    var rest = position
    for chain in chains.indices {
      if rest < chains[chain].rules.count {
        chains[chain].rules.remove(at: rest)
        return
      }
      rest -= chains[chain].rules.count
    }
  }
}

extension NetlinkError {
  /// With what the errno means for nftables, if the kernel sent no sentence.
  fileprivate var explained: NetlinkError {
    let meaning: [Int32: String] = [
      ErrorCode.notSupported:
        "not in a chain of this type and hook, or not in this kernel",
      ErrorCode.noEntry: "this kernel lacks it",
      ErrorCode.tooManyLinks: "jumps are nested more than 16 deep",
      ErrorCode.tooManyFiles: "the set's size is less than its elements are",
    ]
    guard kernelText == nil, let text = meaning[code] else { return self }
    return NetlinkError(operation, code: code, kernelText: text)
  }

  static func withoutNftables(_ table: NftablesTable) -> NetlinkError {
    NetlinkError(
      "nft table \(table.id)", code: ErrorCode.notSupported,
      kernelText: "this kernel has no nf_tables")
  }
}
