// What packets change by themselves (counts, used quotas) doesn't tell whether the kernel holds
// what was asked for.

extension Nftables.Bytecode.TableProgram {
  /// Without counts and handles; objects and sets are sorted by name.
  public var normalized: Nftables.Bytecode.TableProgram {
    var table = unmarked
    table.unknown = []
    table.sets = sets.map(\.normalized).sorted { $0.name < $1.name }
    table.objects = objects.map(\.normalized).sorted { $0.name < $1.name }
    table.flowtables = flowtables.map(\.normalized).sorted { $0.name < $1.name }
    table.chains = chains.map(\.normalized).sorted { $0.name < $1.name }
    return table
  }
}

extension Nftables.Bytecode.ChainProgram {
  public var normalized: Nftables.Bytecode.ChainProgram {
    var chain = self
    chain.rules = rules.map(\.normalized)
    return chain
  }
}

extension Nftables.Bytecode.RuleProgram {
  public var normalized: Nftables.Bytecode.RuleProgram {
    Nftables.Bytecode.RuleProgram(instructions: instructions.map(\.normalized), userData: userData)
  }
}

extension Nftables.Flowtable {
  public var normalized: Nftables.Flowtable {
    var flowtable = self
    flowtable.devices.sort()
    flowtable.flags = Nftables.FlowtableFlag.flags(in: flags.bits)
    return flowtable
  }
}

extension Nftables.Bytecode.ObjectProgram {
  public var normalized: Nftables.Bytecode.ObjectProgram {
    var object = self
    switch content {
    case .counter: object.content = .counter(packets: 0, bytes: 0)
    case .quota(var quota):
      quota.used = 0
      object.content = .quota(quota)
    case .ctTimeout(let proto, let l3proto, let policy):
      let own = Nftables.Bytecode.TimeoutPolicy.states(proto)
      object.content = .ctTimeout(
        protocol: proto, l3proto: l3proto,
        policy: policy.filter { stated in
          !own.contains { $0.name == stated.key && $0.seconds == stated.value }
        })
    case .limit, .ctHelper, .ctExpectation, .secmark, .synproxy: break
    }
    return object
  }
}

extension Nftables.Bytecode.SetProgram {
  public var normalized: Nftables.Bytecode.SetProgram {
    var set = self
    set.statements = statements.map(\.normalized)
    set.elements = elements.map(\.normalized)
    // How to print an anonymous set's key; nft can tell from the rule as well.
    set.userData =
      flags & Nftables.Bytecode.SetFlag.anonymous != 0
      ? [] : Nftables.Bytecode.UserData.normalized(userData, of: self)
    if isMeter {
      set.elements = []
      set.size = size ?? Self.sizeOfFilled
    } else if flags & Nftables.Bytecode.SetFlag.anonymous != 0 {
      set.size = nil
    } else if size == nil, flags & Nftables.Bytecode.SetFlag.dynamic != 0 {
      set.size = Self.sizeOfFilled
    }
    return set
  }

  /// The size that the kernel gives to a set without one once a rule fills it (`nft_dynset_init`).
  public static let sizeOfFilled: UInt32 = 0xffff
}

extension Nftables.Bytecode.TableProgram {
  /// The sets that its rules fill with elements from packets.
  public var filledSets: Set<String> {
    var names: Set<String> = []
    for chain in chains {
      for rule in chain.rules {
        for case .dynset(let dynset) in rule.instructions {
          if case .named(let name) = dynset.set { names.insert(name) }
        }
      }
    }
    return names
  }
}

extension Nftables.Bytecode.ElementProgram {
  public var normalized: Nftables.Bytecode.ElementProgram {
    guard !statements.isEmpty else { return self }
    var element = self
    element.statements = statements.map(\.normalized)
    return element
  }
}

extension Nftables.Bytecode.Instruction {
  public var normalized: Nftables.Bytecode.Instruction {
    switch self {
    case .counter: return .counter(packets: 0, bytes: 0)
    case .quota(var quota):
      quota.used = 0
      return .quota(quota)
    case .dynset(var dynset):
      dynset.statements = dynset.statements.map(\.normalized)
      if case .anonymous(let set) = dynset.set { dynset.set = .anonymous(set.normalized) }
      return .dynset(dynset)
    case .lookup(.anonymous(let set), let register, let to, let isInverted):
      return .lookup(.anonymous(set.normalized), register, to: to, isInverted: isInverted)
    case .verdictLookup(.anonymous(let set), let register):
      return .verdictLookup(.anonymous(set.normalized), register)
    case .objectLookup(.anonymous(let set), let register):
      return .objectLookup(.anonymous(set.normalized), register)
    default: return self
    }
  }
}
