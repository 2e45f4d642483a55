internal import Glibc
import JSON
import Model

/// What the kernel doesn't remember for us, in a file of the run directory.
struct Memory<Content: Remembered> {
  private let path: String
  private(set) var content = Content()
  /// Why the file, or part of it, couldn't be read; nil if all of it was.
  private(set) var damage: String?

  /// Starts empty if the file is missing or damaged.
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
      // The values point into the document.
      withExtendedLifetime(document) {}
    } catch {
      damage = "\(path):\(error): the file is damaged"
    }
  }

  /// Changes what is remembered; `body` returns whether it did. The change is on disk when this
  /// returns; if it throws, nothing has changed.
  mutating func change(
    _ body: (inout Content) throws(FileError) -> Bool
  ) throws(FileError) {
    var changed = content
    guard try body(&changed) else { return }
    try save(changed)
    content = changed
  }

  /// Replaces the file, or removes it if there is nothing to remember. A damaged file is kept under
  /// another name.
  private mutating func save(_ content: Content) throws(FileError) {
    if damage != nil {
      rename(path, path + ".damaged")
      damage = nil
    }
    if content.isEmpty { return File.remove(path) }
    try File.replace(path, with: Array(content.tree.text().utf8))
  }
}

/// The content of a memory.
protocol Remembered {
  init()
  var isEmpty: Bool { get }
  /// Reads a file's object; `refuse` is called for each entry that vpngw can't have written.
  mutating func read(_ object: JSON.Value, refuse: (_ entry: String, _ reason: String) -> Void)
  /// Written so that ``read(_:refuse:)`` can read it.
  var tree: Tree { get }
}

/// A value that we wrote, and the value before it.
struct Overwritten<Value: Equatable> {
  let previous: Value
  let written: Value

  init(previous: Value, written: Value) { (self.previous, self.written) = (previous, written) }

  /// `written` is about to replace `present`. If we wrote that too, the value before it stays the
  /// previous one.
  init(_ written: Value, over present: Value, after earlier: Overwritten?) {
    previous = earlier?.written == present ? earlier!.previous : present
    self.written = written
  }

  /// The value before ours, if the present value is ours.
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
