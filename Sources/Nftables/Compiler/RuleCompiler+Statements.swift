internal import Addressing

extension RuleCompiler {
  mutating func compile(_ statement: Nftables.Statement) throws(CompileError) {
    switch statement {
    case .match(let relation, let left, let right): return try match(relation, left, right)
    case .verdict(let verdict):
      if let target = verdict.target, !scope.chains.contains(target) {
        throw CompileError("no chain is called \"\(target)\"")
      }
      code.append(.verdict(verdict))
    case .vmap(let key, let data):
      try check(key: key)
      try require(key)
      guard let shape = try Shape.of(key, scope) else { throw CompileError("a vmap of a constant") }
      let (set, loaded) = try self.set(data, for: key, data: .verdict)
      let register = try allocate(shape)
      try loadKey(key, as: loaded, into: register)
      code.append(.verdictLookup(set, register))
    case .mangle(let key, let value): try mangle(key, value)
    case .reset(let name):
      if let kind = UInt8(name) {
        code.append(.exthdrReset(kind))
      } else {
        code.append(.exthdrReset(try OptionTable.of(.tcp).header(name).type))
      }
    case .synproxy(let synproxy):
      try ObjectCheck.check(synproxy)
      code.append(.synproxy(synproxy))
    case .counter(let packets, let bytes): code.append(.counter(packets: packets, bytes: bytes))
    case .quota(let quota): code.append(.quota(quota))
    case .limit(let limit): code.append(.limit(limit))
    case .log(let log): code.append(.log(try Self.log(log).normal))
    case .reject(let reject): try self.reject(reject)
    case .nat(let nat): try self.nat(nat)
    case .tproxy(let family, let address, let port): try tproxy(family, address, port)
    case .notrack: code.append(.notrack)
    case .dup(let address, let device): try dup(address, device)
    case .fwd(let device, let family, let address): try fwd(device, family, address)
    case .queue(let number, let flags): try queue(number, flags)
    case .update(let operation, let set, let element): try update(operation, set, element)
    case .meter(let meter): try self.meter(meter)
    case .object(let kind, let name): try object(kind, name)
    case .flow(let name):
      guard scope.flowtables.contains(name) else {
        throw CompileError("no flowtable is called \"\(name)\"")
      }
      code.append(.flowOffload(name))
    case .connectionCount(let count, let isOver):
      code.append(.connectionLimit(count, isOver: isOver))
    case .last: code.append(.last)
    }
    close()
  }

  static func log(_ log: Nftables.Log) throws(CompileError) -> Log {
    guard log.level == nil || log.group == nil else {
      throw CompileError("log: level and group exclude each other")
    }
    if let prefix = log.prefix, prefix.utf8.count > 127 {
      throw CompileError("log: a prefix has at most 127 bytes")
    }
    return Log(
      prefix: log.prefix, group: log.group, snaplen: log.snaplen, threshold: log.queueThreshold,
      level: (log.level?.index).map { UInt32($0) }, flags: log.flags.bits)
  }

  private mutating func dup(
    _ address: Nftables.Expression, _ device: Nftables.Expression?
  ) throws(CompileError) {
    switch scope.family {
    case .ip, .ip6:
      let shape = Shape(scope.family == .ip ? .ipv4 : .ipv6)
      let register = try load(value: address, shape)
      let second = try device.map { (device) throws(CompileError) in
        try load(value: device, Shape(.ifindex))
      }
      code.append(.dup(address: register, device: second))
    case .netdev:
      code.append(.dup(address: nil, device: try load(value: address, Shape(.ifindex))))
    default: throw CompileError("dup is for tables of ip, ip6 and netdev")
    }
  }

  private mutating func fwd(
    _ device: Nftables.Expression, _ family: Nftables.AddressFamily?,
    _ address: Nftables.Expression?
  ) throws(CompileError) {
    guard scope.family == .netdev else { throw CompileError("fwd is for netdev tables") }
    guard let address else {
      let register = try load(value: device, Shape(.ifindex))
      return code.append(.fwd(device: register, address: nil, family: nil))
    }
    guard let family else { throw CompileError("fwd: a family, ip or ip6") }
    let shape = Shape(family == .ip ? .ipv4 : .ipv6)
    let register = try load(value: device, Shape(.ifindex))
    let second = try load(value: address, shape)
    code.append(.fwd(device: register, address: second, family: family.number))
  }

  private mutating func queue(
    _ number: Nftables.Expression?, _ flags: [Nftables.QueueFlag]
  ) throws(CompileError) {
    let bits = UInt16(flags.bits)
    let shape = Shape(.integer, bits: 16, order: .host)
    switch number {
    case nil: code.append(.queue(first: 0, total: 1, flags: bits, nil))
    case let number? where number.isConstant:
      let first = UInt16(truncatingIfNeeded: try constant.value(number, shape))
      code.append(.queue(first: first, total: 1, flags: bits, nil))
    case .range(let low, let high)?:
      let first = try constant.value(low, shape)
      let last = try constant.value(high, shape)
      guard first <= last, last - first < 65535 else {
        throw CompileError("the range ends before it begins")
      }
      code.append(
        .queue(
          first: UInt16(truncatingIfNeeded: first), total: UInt16(last - first + 1), flags: bits,
          nil))
    case let expression?:
      let register = try load(value: expression, shape)
      code.append(.queue(first: 0, total: 0, flags: bits, register))
    }
  }

  private mutating func update(
    _ operation: Nftables.SetOperation, _ name: String, _ element: Nftables.Element
  ) throws(CompileError) {
    guard let type = scope.sets[name] else { throw scope.unknown(set: name) }
    guard let key = element.key else { throw CompileError("\(operation.rawValue) needs a key") }
    guard (element.data != nil) == (type.data != nil) else {
      throw CompileError(
        element.data == nil ? "@\(name) is a map: a value is missing" : "@\(name) is not a map")
    }
    try check(key: key)
    try check(argument: key, type.key)
    if let data = element.data, let shape = type.data { try check(argument: data, shape) }
    try require(key)
    if let data = element.data { try require(data) }
    let own = try Shape.of(key, scope)
    let register = try allocate(own)
    try loadKey(key, as: type.key, into: register)
    var second: Register?
    if let data = element.data, let shape = type.data {
      let allocated = try allocate(try Shape.of(data, scope))
      try load(data, into: allocated, converted: shape)
      second = allocated
    }
    var statements: [Instruction] = []
    for statement in element.statements {
      statements.append(try Self.stateful(statement, hasTimeouts: type.hasTimeouts))
    }
    code.append(
      .dynset(
        Dynset(
          set: .named(name), operation: operation == .add ? 0 : operation == .update ? 1 : 2,
          key: register, data: second, timeout: element.timeout ?? 0, statements: statements)))
  }

  /// Compiles a statement that an element of a set may carry.
  static func stateful(
    _ statement: Nftables.Statement, hasTimeouts: Bool = false
  ) throws(CompileError) -> Instruction {
    switch statement {
    case .connectionCount where hasTimeouts:
      // NFT_EXPR_GC doesn't go with NFT_SET_TIMEOUT.
      throw CompileError("the kernel counts connections in sets without timeouts only")
    case .counter(let packets, let bytes): return .counter(packets: packets, bytes: bytes)
    case .limit(let limit): return .limit(limit)
    case .quota(let quota): return .quota(quota)
    case .connectionCount(let count, let isOver):
      return .connectionLimit(count, isOver: isOver)
    case .last: return .last
    default: throw CompileError("an element carries counter, limit, quota, ct count or last")
    }
  }

  private mutating func object(
    _ kind: Nftables.ObjectKind, _ name: Nftables.Expression
  ) throws(CompileError) {
    let type = kind.number
    switch name {
    case .symbol(let name):
      guard scope.objects.contains(References.Object(type: type, name: name)) else {
        throw CompileError("no \(kind.rawValue) is called \"\(name)\"")
      }
      code.append(.object(type: type, name: name))
    case .map(let key, let data):
      try require(key)
      guard let shape = try Shape.of(key, scope) else { throw CompileError("a map of a constant") }
      let (set, loaded) = try self.set(data, for: key, data: .object(type))
      let register = try allocate(shape)
      try loadKey(key, as: loaded, into: register)
      code.append(.objectLookup(set, register))
    default: throw CompileError("\(kind.rawValue): a name, or a map to names")
    }
  }

  /// Loads a value of this shape into a register of its own.
  mutating func load(
    value: Nftables.Expression, _ shape: Shape
  ) throws(CompileError) -> Register {
    try check(written: value, shape)
    try require(value)
    let register = try allocate()
    try load(value, into: register, converted: shape)
    return register
  }
}
