// What packets change by themselves - counts, and quotas used - says nothing of whether the kernel
// holds what was asked for.

extension Nftables.Bytecode.TableProgram {
  /// Without counts and handles, and with objects and sets by name.
  public var settled: Nftables.Bytecode.TableProgram {
    var table = unmarked
    table.unknown = []
    table.sets = sets.map(\.settled).sorted { $0.name < $1.name }
    table.objects = objects.map(\.settled).sorted { $0.name < $1.name }
    table.flowtables = flowtables.map(\.settled).sorted { $0.name < $1.name }
    table.chains = chains.map(\.settled).sorted { $0.name < $1.name }
    return table
  }
}

extension Nftables.Bytecode.ChainProgram {
  public var settled: Nftables.Bytecode.ChainProgram {
    var chain = self
    chain.rules = rules.map(\.settled)
    return chain
  }
}

extension Nftables.Bytecode.RuleProgram {
  public var settled: Nftables.Bytecode.RuleProgram {
    Nftables.Bytecode.RuleProgram(instructions: instructions.map(\.settled), userData: userData)
  }
}

extension Nftables.Flowtable {
  public var settled: Nftables.Flowtable {
    var flowtable = self
    flowtable.devices.sort()
    flowtable.flags = Nftables.FlowtableFlag.flags(in: flags.bits)
    return flowtable
  }
}

extension Nftables.Bytecode.ObjectProgram {
  public var settled: Nftables.Bytecode.ObjectProgram {
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
  public var settled: Nftables.Bytecode.SetProgram {
    var set = self
    set.statements = statements.map(\.settled)
    set.elements = elements.map(\.settled)
    // How to print an anonymous set's key, which nft does by the rule, too.
    set.userData =
      flags & Nftables.Bytecode.SetFlag.anonymous != 0
      ? [] : Nftables.Bytecode.UserData.settled(userData, of: self)
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

  /// What the kernel takes for a set without a size once a rule fills it (`nft_dynset_init`).
  public static let sizeOfFilled: UInt32 = 0xffff
}

extension Nftables.Bytecode.TableProgram {
  /// The sets that packets change by its rules.
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
  public var settled: Nftables.Bytecode.ElementProgram {
    guard !statements.isEmpty else { return self }
    var element = self
    element.statements = statements.map(\.settled)
    return element
  }
}

extension Nftables.Bytecode.Instruction {
  public var settled: Nftables.Bytecode.Instruction {
    switch self {
    case .counter: return .counter(packets: 0, bytes: 0)
    case .quota(var quota):
      quota.used = 0
      return .quota(quota)
    case .dynset(var dynset):
      dynset.statements = dynset.statements.map(\.settled)
      if case .anonymous(let set) = dynset.set { dynset.set = .anonymous(set.settled) }
      return .dynset(dynset)
    case .lookup(.anonymous(let set), let register, let to, let isInverted):
      return .lookup(.anonymous(set.settled), register, to: to, isInverted: isInverted)
    case .verdictLookup(.anonymous(let set), let register):
      return .verdictLookup(.anonymous(set.settled), register)
    case .objectLookup(.anonymous(let set), let register):
      return .objectLookup(.anonymous(set.settled), register)
    default: return self
    }
  }
}
