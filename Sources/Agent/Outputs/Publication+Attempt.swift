import DDNS
import DDNSTransport
import Model
internal import NIOCore

extension Publication {
  /// Makes an attempt, with the provider's secrets as their files hold them now; fails with a
  /// ``ProviderError``. `warn` is told of files that others may read; `mayGoOn` is asked before each
  /// request.
  func carryOut(
    _ attempt: Attempt, by transport: Transport, on loop: any EventLoop,
    warn: @escaping @Sendable (_ path: String, _ reason: String) -> Void,
    while mayGoOn: @escaping @Sendable () -> Bool = { true }
  ) -> EventLoopFuture<PublicationReport> {
    loop.flatSubmit {
      do throws(ProviderError) {
        let secrets = try secrets(warn)
        let exchange = try exchange(attempt, secrets)
        return transport.perform(exchange, within: timeout, while: mayGoOn).flatMapErrorThrowing {
          throw ProviderError(any: $0).without(secrets.values)
        }
      } catch {
        return loop.makeFailedFuture(error)
      }
    }
  }

  private func exchange(
    _ attempt: Attempt, _ secrets: [String: Secret]
  ) throws(ProviderError) -> Exchange<PublicationReport> {
    guard let type = Providers.named(provider.type) else {
      throw ProviderError("there is no provider \(provider.type)", isPermanent: true)
    }
    let context = ProviderContext(
      time: UInt64(max(0, WallClock.now.seconds)), random: .random(in: 0 ... .max))
    do throws(ProviderError) {
      return try exchange(attempt, type, context, secrets)
    } catch {
      throw error.without(secrets.values)
    }
  }

  private func exchange<P: Provider>(
    _ attempt: Attempt, _ type: P.Type, _ context: ProviderContext, _ secrets: [String: Secret]
  ) throws(ProviderError) -> Exchange<PublicationReport> {
    try exchange(attempt, with: try P(provider.with(secrets), context), context)
  }

  private func secrets(
    _ warn: @escaping @Sendable (String, String) -> Void
  ) throws(ProviderError) -> [String: Secret] {
    let machine = Machine(warn: warn, resolve: { _ in [] })
    var secrets: [String: Secret] = [:]
    for (key, path) in provider.secretFiles.sorted(by: { $0.key < $1.key }) {
      do throws(Incompleteness) {
        var bytes = try machine.secret(at: path)[...]
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
          bytes.removeLast()
        }
        if bytes.isEmpty { throw Incompleteness("\(path) is empty") }
        secrets[key] = Secret(bytes)
      } catch {
        throw ProviderError("\(key): \(error)", isPermanent: true)
      }
    }
    return secrets
  }
}

extension ProviderError {
  init(any error: any Error) {
    self = error as? ProviderError ?? ProviderError("\(error)".visible(limit: 200))
  }

  /// A provider may repeat what it was sent, secrets included.
  func without(_ secrets: some Sequence<Secret>) -> ProviderError {
    var copy = self
    // A shorter one is in any sentence.
    for secret in secrets where secret.bytes.count >= 4 {
      copy.message = copy.message.replacing(secret.text, with: secret.description)
    }
    return copy
  }
}
