internal import CLinux
import Glibc
import Model

/// The machine that vpngw runs on, asked for what state files name.
struct Machine: Surroundings {
  func secret(at path: String) throws(Incompleteness) -> [UInt8] {
    do throws(FileError) {
      let bytes = try File.read(path, limit: 1 << 20)
      var status = stat()
      if stat(path, &status) == 0, status.st_mode & 0o007 != 0 {
        Console.complain(
          "vpngw: \(path): a key that everybody may read; chmod 600 it".visible + "\n")
      }
      return bytes
    } catch {
      throw Incompleteness("\(error)")
    }
  }

  func address(of host: String) -> IPAddress? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else {
      Console.complain("vpngw: \(host): no address now; its peer waits to be called\n")
      return nil
    }
    defer { freeaddrinfo(list) }
    switch first.pointee.ai_family {
    case AF_INET:
      return first.pointee.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
        IPAddress(v4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
      }
    case AF_INET6:
      return first.pointee.ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
        withUnsafeBytes(of: $0.pointee.sin6_addr) { bytes in
          IPAddress(
            v6High: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
      }
    default: return nil
    }
  }
}
