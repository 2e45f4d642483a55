internal import Addressing

/// A field that doesn't fill its bytes: the bytes are masked, and constants shifted to its
/// position.
struct BitField {
  private let load: Load
  private let length: Int
  private let shift: Int
  private let field: PacketField

  private enum Load {
    case payload(PayloadRange)
    case option(OptionRange)
  }

  /// Nil for any other expression.
  init?(_ expression: Nftables.Expression, _ known: KnownProtocols) throws(CompileError) {
    let field: PacketField
    var base: UInt32 = 0
    var option: (operation: UInt32, type: UInt8)?
    switch expression {
    case .payload(let name, let fieldName):
      let (proto, found) = try known.packetField(name, fieldName)
      (field, base) = (found, proto.layer.rawValue)
    case .raw(let layer, let offset, let bits):
      guard (0..<1 << 16).contains(offset), (1...64).contains(bits) else { return nil }
      (field, base) = (PacketField("", offset, bits), UInt32(layer.index))
    case .option(let kind, let name, let fieldName?):
      field = try OptionTable.of(kind).field(name, fieldName)
      option = (kind.number, try OptionTable.of(kind).header(name).type)
    default: return nil
    }
    guard field.offset % 8 != 0 || field.bits % 8 != 0 else { return nil }
    self.field = field
    let first = field.offset / 8
    let count = (field.offset + field.bits + 7) / 8 - first
    guard count <= 8 else { throw CompileError("\(field.bits) bits that span \(count) bytes") }
    length = count
    shift = length * 8 - field.offset % 8 - field.bits
    if let option {
      load = .option(
        OptionRange(
          operation: option.operation, type: option.type, offset: UInt32(first),
          length: UInt32(length)))
    } else {
      load = .payload(PayloadRange(base: base, offset: UInt32(first), length: UInt32(length)))
    }
  }

  /// Leaves the field in the register, at its position within its bytes.
  func instructions(_ register: Register) -> [Instruction] {
    let first: Instruction =
      switch load {
      case .payload(let range): .payload(range, register)
      case .option(let range): .exthdr(range, flags: 0, register)
      }
    return [
      first,
      RuleCompiler.mask(register, field.mask(length: length, shift: shift), length: length),
    ]
  }

  /// The shape of the bytes; its constants are shifted.
  func lifted(_ shape: Shape) -> Shape {
    var lifted = shape
    lifted.lift = Shape.Lift(bits: shape.bits, shift: shift)
    lifted.bits = length * 8
    lifted.order = .network
    return lifted
  }
}
