import JSON
import Model

/// Asks one gluetun several questions at once; the last success, or the first failure, ends the
/// attempt.
///
/// Its health server and the VPN's status decide about its health. The public address and the
/// forwarded ports are mere data: gluetun looks the address up once, when its tunnel comes up, and
/// may never have one. A request that the control server refuses is skipped as long as the health
/// server answers 200.
final class GluetunQuestions {
  private let gluetun: Probe.Gluetun
  private let attempt: ProbeAttempt
  private let headers: [Probe.HTTP.Header]
  private var finding = Finding()
  private var statusNote: String?
  private var addressNote: String?
  private var open = 4

  /// gluetun's answers have a few hundred bytes.
  private static let maxBody = 1 << 13
  /// No provider forwards that many.
  private static let maxPorts = 64

  init(_ gluetun: Probe.Gluetun, _ attempt: ProbeAttempt) throws(ProbeFailure) {
    self.gluetun = gluetun
    self.attempt = attempt
    headers =
      try gluetun.credentials.map { credentials throws(ProbeFailure) in
        [try credentials.header(attempt.poller)]
      } ?? []
  }

  func ask() {
    askHealth()
    askStatus("/v1/vpn/status", else: "/v1/openvpn/status")
    if attempt.asksAddress { askAddress() } else { answered() }
    if attempt.asksPort {
      askPort("/v1/portforward", else: "/v1/openvpn/portforwarded")
    } else {
      finding.isPortAsked = false
      answered()
    }
  }

  private func askHealth() {
    let port = gluetun.healthPort
    var health = HTTPRequest(
      endpoint: Endpoint(gluetun.address, port), path: "/", label: "health server: ")
    health.hint = "gluetun needs HEALTH_SERVER_ADDRESS=:\(port) and FIREWALL_INPUT_PORTS=\(port)"
    health.isExplained = true
    health.maxBody = Self.maxBody
    health.send(in: attempt) { result in
      switch result {
      case .success: self.answered()
      case .failure(let failure): self.attempt.fail(failure)
      }
    }
  }

  /// `otherwise`: what to do if the answer doesn't come in time; nil: the gateway is down.
  private func control(
    _ path: String, otherwise: (() -> Void)? = nil,
    then: @escaping (Result<[UInt8], ProbeFailure>) -> Void
  ) {
    guard !attempt.isOver else { return }
    let port = gluetun.controlPort
    var request = HTTPRequest(
      endpoint: Endpoint(gluetun.address, port), path: path, headers: headers, reads: .all,
      label: "GET \(path): ", isForAddress: path == Self.addressPath,
      connections: attempt.kept.connections)
    request.hint =
      "gluetun needs HTTP_CONTROL_SERVER_ADDRESS=:\(port) and FIREWALL_INPUT_PORTS=\(port)"
    request.maxBody = Self.maxBody
    let outcome = otherwise.map { otherwise in
      {
        otherwise()
        return self.goodOutcome
      }
    }
    request.send(in: attempt, otherwise: outcome, then: then)
  }

  private func answered() {
    open -= 1
    if open == 0 { attempt.end(goodOutcome) }
  }

  private var goodOutcome: Outcome {
    finding.notes = [statusNote, addressNote].compactMap(\.self)
    return .good(finding)
  }

  // MARK: the VPN's status

  /// Falls back to the path of older versions if this one is unknown.
  private func askStatus(_ path: String, else older: String?) {
    control(path) { result in
      if case .failure(let failure) = result {
        // The older path is for OpenVPN alone, so it isn't tried when this one is merely refused.
        if failure.isUnknownPath, let older { return self.askStatus(older, else: nil) }
        if failure.status == 401 {
          self.statusNote = self.refusal(path)
          return self.answered()
        }
      }
      do throws(ProbeFailure) {
        let body = try result.get()
        let status = try withMember("status", of: body) { $0?.string } ?? ""
        guard status == "running" else {
          throw ProbeFailure("GET \(path): the VPN's status is \(quoted(status)), not \"running\"")
        }
        self.answered()
      } catch {
        self.attempt.fail(error)
      }
    }
  }

  /// What to do about a 401. The file comes last: everything before it fits into a line.
  private func refusal(_ path: String, before: String? = nil) -> String {
    let route = "\"GET \(path)\"" + (before.map { " (\($0))" } ?? "")
    let lack = "401, skipped: gluetun's config.toml lacks \(route) in the routes of "
    guard let credentials = gluetun.credentials else {
      return lack + "a role with auth = \"none\", or the probe lacks the key of one"
    }
    return lack + "the role with the key of \(credentials.path)"
  }

  // MARK: the public address

  private static let addressPath = "/v1/publicip/ip"
  private static let noAddress = "no public address: "

  private func askAddress() {
    control(
      Self.addressPath, otherwise: { self.addressNote = Self.noAddress + "no answer in time" },
      then: takeAddress)
  }

  private func takeAddress(_ result: Result<[UInt8], ProbeFailure>) {
    do throws(ProbeFailure) {
      let text = try withMember("public_ip", of: try result.get()) { $0?.string } ?? ""
      guard !text.isEmpty else {
        throw ProbeFailure("gluetun has none; it looks once, when its tunnel comes up")
      }
      guard let address = IPAddress(text) else { throw ProbeFailure("what gluetun says is none") }
      finding.publicAddress = address
      attempt.hasAddress = true
    } catch {
      addressNote =
        error.status == 401 ? refusal(Self.addressPath) : Self.noAddress + error.description
    }
    answered()
  }

  // MARK: the forwarded ports

  /// Falls back to the path from before v3.41 if this one is unknown; v3.39 and v3.40 answer an
  /// unknown path with 401.
  private func askPort(_ path: String, else older: String?) {
    control(path, otherwise: {}, then: { self.takePorts($0, else: older) })
  }

  private func takePorts(_ result: Result<[UInt8], ProbeFailure>, else older: String?) {
    switch result {
    case .failure(let failure):
      if failure.isUnknownPath || failure.status == 401, let older {
        return askPort(older, else: nil)
      }
      // From v3.41 on the older path only redirects to the newer one, which is then the one to
      // allow.
      if failure.status == 401 || failure.status.map({ (300...399).contains($0) }) == true {
        finding.portNote = refusal(
          "/v1/portforward", before: "before v3.41 \"GET /v1/openvpn/portforwarded\"")
      }
    case .success(let body):
      finding.forwardedPorts = try? Self.ports(in: body)
    }
    answered()
  }

  /// A single port as `port`, several as `ports`, or both in newer versions.
  private static func ports(in body: [UInt8]) throws(ProbeFailure) -> [UInt16] {
    let several = try withMember("ports", of: body) { $0?.elements?.map(\.integer) } ?? []
    let one = try withMember("port", of: body) { $0?.integer }
    var ports: [UInt16] = []
    for number in several.prefix(maxPorts) + [one] {
      guard let port = number.flatMap({ UInt16(exactly: $0) }), port != 0, !ports.contains(port)
      else { continue }
      ports.append(port)
    }
    return ports
  }
}

extension ProbeFailure {
  /// Whether the control server doesn't know the path: 400 before v3.39, 404 in the newest
  /// versions.
  fileprivate var isUnknownPath: Bool { status == 400 || status == 404 }
}

/// Reads a member of the object in a body; `read` gets nil if there is no such member.
private func withMember<T>(
  _ key: String, of body: [UInt8], read: (JSON.Value?) -> T
) throws(ProbeFailure) -> T {
  do {
    let document = try JSON.Document(body)
    return withExtendedLifetime(document) { read(document.root[key]) }
  } catch {
    throw ProbeFailure("the answer is no JSON")
  }
}
