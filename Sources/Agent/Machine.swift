internal import CLinux
import Glibc
import Model

/// The machine that vpngw runs on, asked for what state files name.
struct Machine: Surroundings {
  /// Told of what is there, and isn't as it should be.
  let warn: @Sendable (_ path: String, _ reason: String) -> Void
  /// Who is asked for the addresses of hosts.
  let resolve: @Sendable (String) -> [IPAddress]

  /// Asks for addresses at once, and waits for the answer.
  static let atOnce = Machine {
    Console.complain("vpngw: \($0): \($1)".visible + "\n")
  } resolve: { host in
    let addresses = Resolver.addresses(of: host)
    if addresses.isEmpty {
      Console.complain(
        "vpngw: \(host): it has no address now".visible + "\n")
    }
    return addresses
  }

  func secret(at path: String) throws(Incompleteness) -> [UInt8] {
    do throws(FileError) {
      let bytes = try File.read(path, limit: 1 << 10)
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & 0o007 != 0 {
        warn(path, "everybody may use this key: chmod 600 it")
      }
      return bytes
    } catch {
      throw Incompleteness("\(error)")
    }
  }

  func addresses(of host: String) -> [IPAddress] { resolve(host) }
}

extension Log {
  /// Warns of keys that others may read.
  func unsafeKeys(_ path: String, _ reason: String) {
    warning("key-file", ["file": path, "reason": reason])
  }
}
