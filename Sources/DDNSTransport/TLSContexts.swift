internal import DDNS
internal import Glibc
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The TLS contexts by their authorities, each made once: reading the system's certificates takes long.
final class TLSContexts: Sendable {
  private struct Key: Hashable {
    var authorities: String?
    /// Identifies the file's version: a replaced file of authorities is a different one.
    var stamp: [Int] = []
  }

  private let contexts = Mutex<[Key: NIOSSLContext]>([:])

  func context(_ authorities: String?) throws(ProviderError) -> NIOSSLContext {
    var key = Key(authorities: authorities)
    if let authorities {
      var status = stat()
      guard stat(authorities, &status) == 0 else {
        throw ProviderError("cannot read \(authorities): \(String(cString: strerror(errno)))")
      }
      key.stamp = [
        Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
      ]
    }
    if let known = contexts.withLock({ $0[key] }) { return known }
    var configuration = TLSConfiguration.makeClientConfiguration()
    // The default minimum is TLS 1.0 (deprecated by RFC 8996).
    configuration.minimumTLSVersion = .tlsv12
    if let authorities { configuration.trustRoots = .file(authorities) }
    do {
      let made = try NIOSSLContext(configuration: configuration)
      contexts.withLock { contexts in
        contexts = contexts.filter { $0.key.authorities != authorities }
        contexts[key] = made
      }
      return made
    } catch {
      throw ProviderError(
        authorities.map { "there are no certificates in PEM in \($0)" }
          ?? "there is no TLS: \(error)")
    }
  }
}

extension Error {
  /// What went wrong on the way to a server.
  func asProviderError(of server: String) -> ProviderError {
    if let error = self as? ProviderError { return error }
    return ProviderError("cannot ask \(server): \(reason)")
  }

  private var reason: String {
    // A pattern of one type can't be matched with Self.
    let error: any Error = self
    return switch error {
    case NIOSSLError.handshakeFailed(let cause): "the TLS handshake failed: \(cause.word)"
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      "its certificate is of another name"
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: "no connection in time"
    default: sentence
    }
  }
}

extension BoringSSLError {
  /// OpenSSL's word for it, such as `CERTIFICATE_VERIFY_FAILED`.
  fileprivate var word: String {
    guard case .sslError(let stack) = self, let first = stack.first else { return "\(self)" }
    // ...:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at FILE:LINE
    let words = "\(first)".split(separator: ":").map { $0.prefix { $0 != " " } }
    let word = words.last { word in
      word.contains("_") && word.allSatisfy { $0.isUppercase || $0 == "_" || $0.isNumber }
    }
    return word.map(String.init) ?? "\(first)"
  }
}
