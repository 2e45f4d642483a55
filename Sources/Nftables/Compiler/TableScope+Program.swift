internal import Addressing

extension TableScope {
  /// The scope of a table that was read from the kernel.
  init(_ program: TableProgram, link: @escaping (String) -> UInt32?) {
    self.init(family: program.family, link: link)
    chains = Set(program.chains.map(\.name))
    objects = Set(
      program.objects.map { References.Object(type: $0.content.type, name: $0.name) })
    flowtables = Set(program.flowtables.map(\.name))
    for set in program.sets {
      guard
        let key = shape(set, data: false)
          ?? Shape(typeNumber: set.keyType, bytes: set.keyLength, set.order(data: false))
      else { continue }
      var type = SetType(
        key: key,
        isInterval: set.flags & SetFlag.interval != 0,
        hasTimeouts: set.flags & SetFlag.timeout != 0)
      switch set.data {
      case nil: break
      case .verdict?: type.isVerdictMap = true
      case .object(let number)?: type.object = number
      case .value(let number, let length)?:
        guard
          let data = shape(set, data: true)
            ?? Shape(typeNumber: number, bytes: length, set.order(data: true))
        else {
          continue
        }
        type.data = data
      }
      sets[set.name] = type
    }
  }

  /// The shape that its `typeof` states.
  private func shape(_ set: SetProgram, data: Bool) -> Shape? {
    guard let expressions = TypeofUserData.expressions(set.userData, data: data) else { return nil }
    return try? Shape.of(.expressions(expressions), self)
  }
}

extension SetProgram {
  /// The byte order that nft stored: 1 host, 2 network.
  func order(data: Bool) -> DataType.Order? {
    let type = data ? UserData.Set.dataOrder : UserData.Set.keyOrder
    switch UserData.items(userData).first(where: { $0.type == type })?.value.first {
    case 1: return .host
    case 2: return .network
    default: return nil
    }
  }
}

extension Shape {
  /// From nft's number of a type; nil if we don't know it.
  init?(typeNumber: UInt32, bytes: UInt32, _ order: DataType.Order?) {
    var numbers: [UInt32] = []
    var rest = typeNumber
    while rest != 0 {
      numbers.insert(rest & 63, at: 0)
      rest >>= 6
    }
    var shapes: [Shape] = []
    for number in numbers {
      guard let type = DataType(number: number) else { return nil }
      shapes.append(Shape(type))
    }
    guard !shapes.isEmpty else { return nil }
    if shapes.count == 1 {
      if shapes[0].bits == 0 { shapes[0].bits = Int(bytes) * 8 }
      if let order { shapes[0].order = order }
    }
    // Only a single field's width follows from the total.
    if shapes.contains(where: { $0.bits == 0 }) { return nil }
    self.init(fields: shapes)
    guard self.bytes == Int(bytes) else { return nil }
  }
}
