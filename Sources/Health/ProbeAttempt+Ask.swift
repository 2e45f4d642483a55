internal import CLinux
import Model
internal import NIOCore

/// What attempts share besides the poller.
final class SharedResources {
  let contexts = TLSContexts()
  let names: Names
  let allowsExec: Bool
  /// Whether the kernel last refused a ping socket, so that ICMP needs raw ones.
  var isPingRefused = false
  /// The loop that speaks TLS.
  let loop: any EventLoop

  init(allowsExec: Bool, _ loop: any EventLoop, _ names: Names = Names()) {
    self.names = names
    self.allowsExec = allowsExec
    self.loop = loop
  }
}

extension ProbeAttempt {
  /// Asks the question; ``end(_:)`` reports the outcome.
  func ask(_ question: Probe.Question, _ resources: SharedResources) {
    do throws(ProbeFailure) {
      switch question {
      case .http(let http): try ask(http, resources)
      case .tcp(let tcp): try ask(tcp)
      case .udp(let udp): try ask(udp)
      case .dns(let dns): try ask(dns)
      case .icmp(let address): try echo(address, resources)
      case .exec(let exec):
        guard resources.allowsExec else {
          throw ProbeFailure("commands are off; they need the flag --allow-exec")
        }
        try run(exec.command)
      case .file(let file): end(try check(file))
      case .gluetun(let gluetun): try GluetunQuestions(gluetun, self).ask()
      case .address:
        if knowsAddress {
          end(.good(Finding()))
        } else if let addressNote {
          throw ProbeFailure(addressNote)
        } else {
          // The first answer is still to come.
          end(.unasked(""))
        }
      }
    } catch {
      fail(error)
    }
  }

  private func ask(_ http: Probe.HTTP, _ resources: SharedResources) throws(ProbeFailure) {
    var request = HTTPRequest(endpoint: Endpoint(http.address, http.port), path: http.path)
    request.method = http.method
    request.host = http.host
    request.headers = http.headers
    if let credentials = http.credentials { request.headers.append(try credentials.header(poller)) }
    request.statuses = http.statuses
    if let body = http.body { request.reads = .until(body) }
    if let tls = http.tls {
      request.tls = SecureConnection.TLS(
        context: try resources.contexts.context(tls), name: http.serverName, loop: resources.loop)
    }
    request.send(in: self) { result in
      switch result {
      case .success: self.end(.good(Finding()))
      case .failure(let failure): self.fail(failure)
      }
    }
  }

  private func ask(_ tcp: Probe.TCP) throws(ProbeFailure) {
    var conversation = Conversation(
      endpoint: Endpoint(tcp.address, tcp.port), send: Array((tcp.send ?? "").utf8), closed: "")
    if let expect = tcp.expect {
      var search = Search(for: expect)
      conversation.closed = "no \(quoted(expect))"
      conversation.judge = { bytes in
        search.append(bytes)
        return search.isFound ? .good(Finding()) : nil
      }
    }
    try conversation.hold(in: self)
  }

  private func check(_ file: Probe.File) throws(ProbeFailure) -> Outcome {
    let limit = 1 << 16
    let (bytes, age) = try poller.readStart(of: file.path, limit: file.content == nil ? 0 : limit)
    if let maxAge = file.maxAge, age > maxAge {
      let whole = Duration.seconds(age.components.seconds)
      throw ProbeFailure("\(file.path) was changed \(whole.text) ago, not within \(maxAge.text)")
    }
    if let content = file.content {
      var search = Search(for: content)
      search.append(bytes)
      guard search.isFound else {
        throw ProbeFailure(
          "\(file.path) lacks \(quoted(content))"
            + (bytes.count == limit ? " in its first \(limit >> 10) KiB" : ""))
      }
    }
    return .good(Finding())
  }
}
