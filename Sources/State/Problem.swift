public import JSON
internal import Model

/// One mistake in a state file, with what would be right.
public struct Problem: Hashable, Sendable, CustomStringConvertible {
  public let place: Place
  /// Nil if there is no value to point at, since the text isn't JSON.
  public let pointer: Pointer?
  /// Without a capital or a full stop.
  public let message: String

  /// `LINE:COLUMN: /json/pointer: message`, to follow the file's name and a colon.
  public var description: String {
    // Keys may be any text.
    guard let pointer, !pointer.components.isEmpty else { return "\(place): \(message.visible)" }
    return "\(place): \(pointer.description.visible): \(message.visible)"
  }
}

/// All mistakes in a state file, in the order of the text; at least one.
public struct Problems: Error, Hashable, Sendable, CustomStringConvertible {
  public let list: [Problem]

  public var description: String { list.map(\.description).joined(separator: "\n") }
}
