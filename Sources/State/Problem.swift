public import JSON
internal import Model

/// One thing that is wrong in a state file, with what would be right.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
  public let place: Place
  /// Nil where there is no value to point at: a text that is no JSON.
  public let pointer: Pointer?
  /// No capital, no full stop.
  public let message: String

  /// `LINE:COLUMN: /json/pointer: message`, to be put behind the file's name and a colon.
  public var description: String {
    // Keys are the file's own words.
    guard let pointer, !pointer.components.isEmpty else { return "\(place): \(message.visible)" }
    return "\(place): \(pointer.description.visible): \(message.visible)"
  }
}

/// Everything that is wrong in a state file, in the order of the text; at least one.
public struct Problems: Error, Hashable, Sendable, CustomStringConvertible {
  public let list: [Problem]

  public var description: String { list.map(\.description).joined(separator: "\n") }
}
