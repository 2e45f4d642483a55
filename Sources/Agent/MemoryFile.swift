internal import Glibc
import JSON
import Model

/// A file of the run directory that holds what the kernel doesn't remember for us.
struct MemoryFile {
  private let path: String
  /// Why nothing, or not all, could be read from it; nil where all was.
  private(set) var damage: String?

  init(path: String) { self.path = path }

  /// What it says; nil where there is none, or where it is damaged.
  mutating func read() -> Document? {
    let bytes: [UInt8]
    do throws(File.Failure) {
      bytes = try File.read(path)
    } catch {
      if error.code != ENOENT { damage = "\(error)" }
      return nil
    }
    do throws(SyntaxError) {
      let document = try Document(bytes)
      if document.root.kind == .object { return document }
      damage = "\(path) is damaged: it holds no JSON object"
    } catch {
      damage = "\(path):\(error): the file is damaged"
    }
    return nil
  }

  /// Notes that an entry isn't one that vpngw writes.
  mutating func refuse(_ entry: String, _ reason: String) {
    damage = "\(path): \(entry.visible(limit: 100)): \(reason)"
  }

  /// Replaces it, or removes it where there is nothing to say. One that was damaged is kept aside.
  mutating func replace(with tree: Tree?) throws(File.Failure) {
    if damage != nil {
      rename(path, path + ".damaged")
      damage = nil
    }
    guard let tree else { return File.remove(path) }
    try File.replace(path, with: Array(tree.text().utf8))
  }
}
