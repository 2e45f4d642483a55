import JSON
import Model

/// The questions to one gluetun, asked at once; the last good answer, or the first bad one, ends the
/// try.
final class GluetunQuestions {
  private let gluetun: Probe.Gluetun
  private let attempt: Try
  private let headers: [Probe.HTTP.Header]
  private var finding = Finding()
  private var open = 4

  init(_ gluetun: Probe.Gluetun, _ attempt: Try) throws(Failure) {
    self.gluetun = gluetun
    self.attempt = attempt
    headers =
      try gluetun.credentials.map { credentials throws(Failure) in [try credentials.header()] }
      ?? []
  }

  func ask() {
    let health = HTTPRequest(
      endpoint: Endpoint(gluetun.address, gluetun.healthPort), path: "/",
      label: "health server: ")
    health.send(in: attempt) { result in
      switch result {
      case .success: self.answered()
      case .failure(let failure): self.attempt.fail(failure)
      }
    }
    askStatus("/v1/vpn/status", else: "/v1/openvpn/status")
    control(Self.addressPath) { result in
      self.needed(result) { body throws(Failure) in try self.takePublicAddress(body) }
    }
    if attempt.asksPort {
      askPort("/v1/portforward", else: "/v1/openvpn/portforwarded")
    } else {
      finding.isPortAsked = false
      answered()
    }
  }

  private func control(
    _ path: String, isNeeded: Bool = true,
    then: @escaping (Result<[UInt8], Failure>) -> Void
  ) {
    guard !attempt.isOver else { return }
    let request = HTTPRequest(
      endpoint: Endpoint(gluetun.address, gluetun.controlPort), path: path, headers: headers,
      reads: .all, label: "GET \(path): ", isForAddress: path == Self.addressPath,
      connections: attempt.kept.connections)
    let otherwise = { Outcome.good(self.finding) }
    request.send(in: attempt, otherwise: isNeeded ? nil : otherwise, then: then)
  }

  /// Asks at the path that older ones know where this one isn't known.
  private func askStatus(_ path: String, else older: String?) {
    control(path) { result in
      if case .failure(let failure) = result, failure.status == 404, let older {
        return self.askStatus(older, else: nil)
      }
      self.needed(result) { body throws(Failure) in
        let status = try readMember("status", of: body) { $0.string }
        guard status == "running" else {
          throw Failure("GET \(path): the VPN's status is \(quoted(status ?? "")), not \"running\"")
        }
      }
    }
  }

  /// The forwarded port says nothing of health: without an answer there is none.
  private func askPort(_ path: String, else older: String?) {
    control(path, isNeeded: false) { result in
      switch result {
      case .failure(let failure):
        if failure.status == 404, let older { return self.askPort(older, else: nil) }
      case .success(let body):
        let port = try? readMember("port", of: body) { $0.integer }
        self.finding.forwardedPort = port.flatMap { $0 }.flatMap {
          $0 == 0 ? nil : UInt16(exactly: $0)
        }
      }
      self.answered()
    }
  }

  private static let addressPath = "/v1/publicip/ip"

  private func takePublicAddress(_ body: [UInt8]) throws(Failure) {
    let text = try readMember("public_ip", of: body) { $0.string }
    guard let text, !text.isEmpty else { throw Failure("public_ip is empty") }
    guard let address = IPAddress(text) else {
      throw Failure("public_ip is \(quoted(text)), which is no address")
    }
    finding.publicAddress = address
    attempt.hasAddress = true
  }

  private func needed(
    _ result: Result<[UInt8], Failure>, take: ([UInt8]) throws(Failure) -> Void
  ) {
    do throws(Failure) {
      try take(try result.get())
      answered()
    } catch {
      attempt.fail(error)
    }
  }

  private func answered() {
    open -= 1
    if open == 0 { attempt.end(.good(finding)) }
  }
}

/// A member of the object in a body.
private func readMember<T>(
  _ key: String, of body: [UInt8], read: (JSON.Value) -> T?
) throws(Failure) -> T? {
  do {
    let document = try JSON.Document(body)
    return withExtendedLifetime(document) { document.root[key].flatMap(read) }
  } catch {
    throw Failure("the answer is no JSON: \(error)")
  }
}
