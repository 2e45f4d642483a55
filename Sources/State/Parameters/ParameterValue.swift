internal import Addressing
internal import JSON

/// The types of parameters, by their names in the file.
enum ParameterType: String, CaseIterable {
  case integer, port, string, address, prefix
}

/// A parameter's value: always one scalar.
enum ParameterValue: Equatable {
  case integer(Int)
  case text(String)
  case address(IPAddress)
  case prefix(Prefix)

  /// As it stands within a string.
  var text: String {
    switch self {
    case .integer(let number): "\(number)"
    case .text(let text): text
    case .address(let address): "\(address)"
    case .prefix(let prefix): "\(prefix)"
    }
  }

  /// As it stands for a whole string.
  var tree: Tree {
    if case .integer(let number) = self { .integer(number) } else { .string(text) }
  }
}

extension ParameterType {
  /// Whether values are numbers, which may have limits.
  var isNumber: Bool { self == .integer || self == .port }

  /// The numbers that the type has.
  var limits: ClosedRange<Int> { self == .port ? 1...65_535 : Int.min...Int.max }

  /// A value for messages.
  var example: String {
    switch self {
    case .integer: "3"
    case .port: "51820"
    case .string: "eth0"
    case .address: "192.0.2.1"
    case .prefix: "192.0.2.0/24"
    }
  }

  /// `an integer from 0 to 7`.
  func noun(in range: ClosedRange<Int>) -> String {
    let bounds =
      switch (range.lowerBound, range.upperBound) {
      case (.min, .max): ""
      case (let least, .max): " of at least \(least)"
      case (.min, let most): " of at most \(most)"
      case (let least, let most): " from \(least) to \(most)"
      }
    return switch self {
    case .integer: "an integer" + bounds
    case .port: "a port" + bounds
    case .string: "text in UTF-8"
    case .address: "an address such as \"192.0.2.1\" or \"2001:db8::1\""
    case .prefix: "a prefix such as \"192.0.2.0/24\""
    }
  }

  /// A value from the environment or the command line; nil if it has another type or is out of range.
  func value(_ text: String, in range: ClosedRange<Int>) -> ParameterValue? {
    switch self {
    case .integer, .port:
      // Only as JSON writes it: 010 is octal to some.
      guard let number = Int(text), "\(number)" == text, range.contains(number) else { return nil }
      return .integer(number)
    case .string: return .text(text)
    case .address: return IPAddress(text).map(ParameterValue.address)
    case .prefix:
      return text.utf8.contains(UInt8(ascii: "/")) ? Prefix(text).map(ParameterValue.prefix) : nil
    }
  }
}
