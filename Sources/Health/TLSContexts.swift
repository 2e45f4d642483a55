internal import CLinux
internal import Glibc
import Model
internal import NIOSSL

/// The TLS contexts by their settings, each made once: reading the system's certificates takes
/// long.
final class TLSContexts {
  private struct Key: Hashable {
    var isVerified: Bool
    var authorities: String?
    /// Identifies the file's version: a replaced file of authorities is a different one.
    var stamp: [Int]
  }

  private var contexts: [Key: NIOSSLContext] = [:]

  func context(_ tls: Probe.TLS) throws(ProbeFailure) -> NIOSSLContext {
    var stamp: [Int] = []
    if let path = tls.authorities {
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw ProbeFailure("cannot read \(path)", errno)
      }
      stamp = [
        Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
      ]
    }
    let key = Key(isVerified: tls.isVerified, authorities: tls.authorities, stamp: stamp)
    if let context = contexts[key] { return context }
    var configuration = TLSConfiguration.makeClientConfiguration()
    // The default minimum is TLS 1.0 (deprecated by RFC 8996).
    configuration.minimumTLSVersion = .tlsv12
    if !tls.isVerified { configuration.certificateVerification = .none }
    if let path = tls.authorities { configuration.trustRoots = .file(path) }
    do {
      let context = try NIOSSLContext(configuration: configuration)
      contexts = contexts.filter { $0.key.authorities != key.authorities || $0.key == key }
      contexts[key] = context
      return context
    } catch {
      // SwiftNIO doesn't say why it couldn't open its files: check whether a descriptor is free.
      let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw ProbeFailure("cannot read certificates", errno) }
      close(descriptor)
      let what = tls.authorities.map { "no certificates in PEM in \($0)" } ?? "no TLS"
      throw ProbeFailure("\(what): \(error)")
    }
  }
}

extension Probe.HTTP {
  /// The name to send (SNI) and to verify; nil: the address.
  var serverName: String? {
    if let name = tls?.serverName { return name }
    guard let host, IPAddress(host) == nil, !host.hasPrefix("[") else { return nil }
    let name = host.prefix { $0 != ":" }
    return IPAddress(String(name)) == nil ? String(name) : nil
  }
}

extension Endpoint {
  /// What went wrong in TLS, or after it.
  func tlsSentence(_ error: any Error, name: String?) -> String {
    switch error {
    case NIOSSLError.handshakeFailed(let cause):
      "TLS handshake with \(self) failed: \(cause.reason)"
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      "the certificate of \(self) is "
        + (name.map { "of another name than \(quoted($0))" } ?? "not of this address")
    default: "cannot ask \(self): \(error)"
    }
  }
}

extension BoringSSLError {
  /// OpenSSL's word for it, such as `CERTIFICATE_VERIFY_FAILED`.
  fileprivate var reason: String {
    guard case .sslError(let stack) = self, let first = stack.first else { return "\(self)" }
    // ...:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at FILE:LINE
    let text = "\(first)"
    let words = text.split(separator: ":").map { $0.prefix { $0 != " " } }
    let word = words.last { $0.contains("_") && $0.allSatisfy(\.isReason) }
    return word.map(String.init) ?? text
  }
}

extension Character {
  fileprivate var isReason: Bool { isUppercase || self == "_" || isNumber }
}
