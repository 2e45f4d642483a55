internal import JSON
internal import Model

extension Form where Self == WordForm<Scope> {
  static var scope: Self { scopeForm }
}
extension Form where Self == WordForm<Family> {
  static var family: Self { familyForm }
}
extension Form where Self == NumberForm<UInt8> {
  static var addressProtocol: Self { addressProtocolForm }
  static func routeProtocol(_ names: Names) -> Self {
    NumberForm(
      noun: "protocol", range: 1...255, known: routeProtocols, more: names.protocols)
  }
}
extension Form where Self == TableForm {
  static func table(_ names: Names) -> Self { TableForm(names: names.tables) }
}
extension Form where Self == PortRangeForm {
  static func ports(_ least: UInt16, to most: UInt16) -> Self {
    PortRangeForm(range: least...most)
  }
}
extension Form where Self == DurationForm {
  static func duration(_ range: ClosedRange<Duration>, step: Duration) -> Self {
    DurationForm(range: range, step: step)
  }
  /// Whole seconds, or `forever`.
  static func lifetime(_ range: ClosedRange<Duration>) -> Self {
    DurationForm(range: range, step: .seconds(1), isForeverAllowed: true)
  }
}
extension Form where Self == TextForm<String> {
  /// Text without control characters.
  static var plainText: Self { plainTextForm }
}

private let scopeForm = WordForm(Scope.self, \.name)
private let familyForm = WordForm(Family.self, \.rawValue)
private let routeProtocols = RouteProtocol.names.map { (name: $0.1, number: $0.0) }
private let addressProtocolForm = NumberForm<UInt8>(
  noun: "protocol", range: 1...255, known: AddressProtocol.names.map { ($0.1, $0.0) })
private let plainTextForm = TextForm<String>(what: "a string") { text throws(Mismatch) in
  guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
    throw Mismatch("\(quoted(text)) has a control character")
  }
  return text
}

/// A routing table's number or name.
struct TableForm: Form {
  let names: [String: UInt32]

  func read(_ value: JSON.Value) throws(Mismatch) -> RouteTable {
    if let integer = value.integer, integer > 0, let number = UInt32(exactly: integer) {
      return RouteTable(number)
    }
    let known: [RouteTable] = [.main, .local, .default]
    let form = NumberForm<UInt32>(
      noun: "table", range: 1...UInt32.max, known: known.map { ($0.name!, $0.number) }, more: names)
    return RouteTable(try form.read(value))
  }
}

/// The TOS field without its two low bits, which belong to ECN.
struct TosForm: Form {
  let range: ClosedRange<UInt8>

  func read(_ value: JSON.Value) throws(Mismatch) -> UInt8 {
    guard let integer = value.integer, let tos = UInt8(exactly: integer), range.contains(tos),
      tos % 4 == 0
    else {
      throw Mismatch(
        value, mustBe: "a multiple of 4 from \(range.lowerBound) to \(range.upperBound)")
    }
    return tos
  }
}
