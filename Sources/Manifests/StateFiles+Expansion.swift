internal import JSON
internal import Model
internal import State

extension StateFiles {
  /// The kernel settings that vpngw wants with this file, as strings, sorted.
  func sysctls(of file: Tree) -> [(String, Tree)] {
    guard let desired = try? Self.decode(file) else { return [] }
    guard case .object(let sections) = StateFile.encode(desired.expanded(given: [:])),
      case .object(let settings)? = sections.first(where: { $0.0 == "sysctls" })?.1
    else { return [] }
    return settings.map { name, value in
      if case .string = value { return (name, value) }
      return (name, .string(value.compact))
    }
  }

  /// As the first of its pods reads it.
  private static func decode(_ file: Tree) throws(Problems) -> DesiredState {
    try StateFile.decode(
      Array(file.text().utf8),
      parameters: ParameterSources(environment: { $0 == "INDEX" ? [UInt8(ascii: "0")] : nil }))
  }
}
