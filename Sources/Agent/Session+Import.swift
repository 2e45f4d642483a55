internal import DDNSImport
internal import Glibc
import JSON
internal import Keepalived
import Model
import NodeNetworkOperator
import State
import WgQuick

extension Session {
  /// `vpngw import keepalived FILE`: prints a state file for the configuration; what can't be
  /// stated goes to standard error, one line each: `FILE:LINE: what`. Passwords go into files in the
  /// directory `keys`, and are never printed; without it they are dropped.
  public func importKeepalived(_ path: String, id: String?, keys directory: String?) throws -> Int32
  {
    let directory = try secretsDirectory(directory)
    let files = MachineFiles(path: path, bytes: try File.read(path))
    guard
      let made = Import(path, id: id, secretsIn: directory ?? Self.usualSecrets, files: files)
    else {
      throw CommandError("cannot read \(path)")
    }
    let text = made.tree.escapingReferences.text()
    Console.print(text)
    Console.complain(made.notes.map { "\($0)\n" }.joined())
    do throws(Problems) {
      _ = try StateFile.decode(Array(text.utf8), names: .machine)
    } catch {
      // keepalived accepts what a state file can't state, such as servers of two families.
      Console.complain("vpngw: this state file is not valid yet:\n")
      report([("-", error.list)])
      return Status.failed
    }
    let messages = try place(
      made.secrets.map { ($0.path, $0.text) }, called: "password",
      isWritten: directory != nil)
    Console.complain(messages.map { $0 + "\n" }.joined())
    return Status.done
  }

  private static let usualSecrets = "/etc/vpn-gateway"

  private func secretsDirectory(_ stated: String?) throws -> String? {
    let directory = stated.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    if let directory, !directory.hasPrefix("/") {
      throw CommandError(
        "--keys \(directory): must be an absolute path, since the state file names it")
    }
    return directory
  }

  /// Writes what a state file names by its path, and returns a sentence about each.
  private func place(
    _ secrets: [(path: String, text: String)], called noun: String, isWritten: Bool
  ) throws -> [String] {
    try secrets.map { path, text in
      guard isWritten else {
        return "\(path): write the \(noun) there, readable by root alone, or state --keys"
      }
      let bytes = Array(text.utf8)
      if let present = try? File.read(path, limit: 1 << 10) {
        guard present == bytes else {
          throw CommandError("\(path): there already, with another \(noun); move it away first")
        }
      } else {
        try File.replace(path, with: bytes)
      }
      return "\(path): the \(noun) is there, readable by root alone"
    }
  }
}

extension Session {
  /// `vpngw import wireguard FILE`: prints a state file for a wg-quick configuration. Keys go into
  /// files in the directory `keys`, and are never printed; without it they are dropped.
  public func importWireGuard(_ path: String, keys directory: String?) throws -> Int32 {
    let directory = try secretsDirectory(directory)
    let bytes = try File.read(path, limit: 1 << 20)
    let made = WgQuickImport(path, bytes, keysIn: directory ?? Self.usualSecrets)
    let text = made.tree.escapingReferences.text()
    do throws(Problems) {
      _ = try StateFile.decode(Array(text.utf8), names: .machine)
    } catch {
      Console.complain(made.notes.map { "\($0)".visible + "\n" }.joined())
      Console.complain("vpngw: this state file is not valid yet:\n")
      report([("-", error.list)])
      return Status.failed
    }
    let messages =
      made.notes.map { "\($0)".visible }
      + (try place(
        made.keys.map { ($0.path, $0.text) }, called: "key", isWritten: directory != nil))
    Console.print(text)
    Console.complain(messages.map { $0 + "\n" }.joined())
    return Status.done
  }
}

extension Session {
  /// `vpngw import ddclient FILE`: prints a state file for a configuration of ddclient. Passwords and
  /// tokens go into files in the directory `keys`, and are never printed; without it they are dropped.
  public func importDDClient(_ path: String, keys directory: String?) throws -> Int32 {
    let keys = try secretsDirectory(directory)
    let bytes = try File.read(path, limit: 1 << 20)
    return try say(
      DDClientImport(path, bytes, keysIn: keys ?? Self.usualSecrets).made,
      isWritten: keys != nil)
  }

  /// `vpngw import ddns-updater FILE`: the same for its config.json.
  public func importDDNSUpdater(_ path: String, keys directory: String?) throws -> Int32 {
    let keys = try secretsDirectory(directory)
    let bytes = try File.read(path, limit: 1 << 20)
    let made: DDNSUpdaterImport
    do throws(JSON.SyntaxError) {
      made = try DDNSUpdaterImport(path, bytes, keysIn: keys ?? Self.usualSecrets)
    } catch {
      throw CommandError("\(path): \(error)")
    }
    return try say(made.made, isWritten: keys != nil)
  }

  private func say(_ made: ImportedRecords, isWritten: Bool) throws -> Int32 {
    let text = made.tree.text()
    do throws(Problems) {
      _ = try StateFile.decode(Array(text.utf8), names: .machine)
    } catch {
      Console.complain(made.notes.map { "\($0)\n" }.joined())
      Console.complain("vpngw: this state file is not valid yet:\n")
      report([("-", error.list)])
      return Status.failed
    }
    let messages =
      made.notes.map { "\($0)" }
      + (try place(
        made.secrets.map { ($0.path, $0.text) }, called: "secret", isWritten: isWritten))
    Console.print(text)
    Console.complain(messages.map { $0 + "\n" }.joined())
    return Status.done
  }
}

extension Session {
  /// `vpngw import node-network-operator FILE`: prints a state file for its Link resources.
  public func importLinks(_ path: String) throws -> Int32 {
    let bytes = try File.read(path)
    let made: LinkImport
    do throws(LinkImport.Unreadable) {
      made = try LinkImport(path, bytes)
    } catch {
      throw CommandError("\(error)".visible)
    }
    Console.complain(made.notes.map { "\($0)".visible + "\n" }.joined())
    let text = made.tree.text()
    Console.print(text)
    do throws(Problems) {
      _ = try StateFile.decode(Array(text.utf8), names: .machine)
    } catch {
      Console.complain("vpngw: this state file is not valid yet:\n")
      report([("-", error.list)])
      return Status.failed
    }
    return Status.done
  }
}

private struct MachineFiles: Files {
  /// The first file, which has been read already: standard input can't be read twice.
  let path: String
  let bytes: [UInt8]

  func contents(of path: String) -> [UInt8]? {
    path == self.path ? bytes : try? File.read(path)
  }

  func program(called name: String) -> String? {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }.first { isProgram($0) }
  }

  private func isProgram(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
      && access(path, X_OK) == 0
  }

  func paths(matching pattern: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }
}
