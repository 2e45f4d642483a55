internal import Glibc
import JSON
import Model

/// What the kernel doesn't remember for us, in a file of the run directory.
struct Memory<Content: Remembered> {
  private let path: String
  private(set) var content = Content()
  /// Why nothing, or not all, could be read from the file; nil where all was.
  private(set) var damage: String?

  /// A file that is missing or damaged remembers nothing.
  init(path: String) {
    self.path = path
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try File.read(path)
    } catch {
      if error.code != ENOENT { damage = "\(error)" }
      return
    }
    do throws(SyntaxError) {
      let document = try Document(bytes)
      guard document.root.kind == .object else {
        damage = "\(path) is damaged: it holds no JSON object"
        return
      }
      content.read(document.root) { entry, reason in
        damage = "\(path): \(entry.visible(limit: 100)): \(reason)"
      }
      // The values point into it.
      withExtendedLifetime(document) {}
    } catch {
      damage = "\(path):\(error): the file is damaged"
    }
  }

  /// Changes what is remembered where `body` says that it did: it is on disk when this returns, or
  /// nothing has changed.
  mutating func change(
    _ body: (inout Content) throws(FileError) -> Bool
  ) throws(FileError) {
    var changed = content
    guard try body(&changed) else { return }
    try save(changed)
    content = changed
  }

  /// Replaces the file, or removes it where there is nothing to say. One that was damaged is kept aside.
  private mutating func save(_ content: Content) throws(FileError) {
    if damage != nil {
      rename(path, path + ".damaged")
      damage = nil
    }
    if content.isEmpty { return File.remove(path) }
    try File.replace(path, with: Array(content.tree.text().utf8))
  }
}

/// What a memory holds.
protocol Remembered {
  init()
  var isEmpty: Bool { get }
  /// Takes what is in a file's object; `refuse` is told of entries that vpngw doesn't write.
  mutating func read(_ object: JSON.Value, refuse: (_ entry: String, _ reason: String) -> Void)
  /// An object, as ``read(_:refuse:)`` takes it.
  var tree: Tree { get }
}

/// A value that we wrote, and the one that was there before us.
struct Overwritten<Value: Equatable> {
  let previous: Value
  let written: Value

  init(previous: Value, written: Value) { (self.previous, self.written) = (previous, written) }

  /// `written` is about to replace `present`; where we wrote that ourselves, what was before it stays
  /// the previous one.
  init(_ written: Value, over present: Value, after earlier: Overwritten?) {
    previous = earlier?.written == present ? earlier!.previous : present
    self.written = written
  }

  /// What was there before us, where what is there now is our doing.
  func previous(of present: Value?) -> Value? { present == written ? previous : nil }
}

extension Overwritten<String> {
  init?(_ entry: JSON.Value?) {
    guard let previous = entry?["previous"]?.string, let written = entry?["written"]?.string
    else { return nil }
    self.init(previous: previous, written: written)
  }

  var tree: Tree { .object([("previous", .string(previous)), ("written", .string(written))]) }
}
