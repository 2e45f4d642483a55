import Model

/// A request on a connection of its own, or on one that an earlier one has left.
struct HTTPRequest {
  var endpoint: Endpoint
  var method = "GET"
  var path: String
  var host: String?
  var headers: [Probe.HTTP.Header] = []
  var statuses: [ClosedRange<Int>] = [200...299]
  var tls: SecureConnection.TLS?
  var reads = Reads.nothing
  /// Stands before the reasons of its failures, if a try makes several.
  var label = ""
  var isForAddress = false
  /// To take one from, if there is any, and to leave it to; without TLS.
  var connections: KeptConnections?

  /// What of the answer's body is wanted.
  enum Reads {
    /// The status is all.
    case nothing
    case all
    /// That the body contains this.
    case until(String)
  }

  /// The most of a body that is read.
  static let maxBody = 1 << 16

  /// Sends it; `then` is called once unless the try ends before, with the body's bytes.
  func send(
    in attempt: Try, otherwise: (() -> Outcome)? = nil,
    then: @escaping (Result<[UInt8], Failure>) -> Void
  ) {
    let endpoint = endpoint
    let wait = attempt.wait(
      for: "connection to \(endpoint)", label: label, otherwise: otherwise)
    let exchange = HTTPExchange(self, attempt, wait, then)
    attempt.exchanges.append(exchange)
    if let tls {
      exchange.take(SecureConnection(to: endpoint, tls, in: attempt) { exchange.heard($0) })
    } else if let left = connections?.take({ exchange.heard($0) }) {
      exchange.takeUsed(left)
    } else {
      exchange.connect()
    }
  }

  /// The request's own bytes (RFC 9112, 3).
  fileprivate var bytes: [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\n"
    text += "Host: \(host ?? endpoint.description)\r\n"
    if connections == nil { text += "Connection: close\r\n" }
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    if method == "POST" { text += "Content-Length: 0\r\n" }
    return Array((text + "\r\n").utf8)
  }
}

/// An ``HTTPRequest`` under way.
final class HTTPExchange {
  let request: HTTPRequest
  private let attempt: Try
  private let wait: Try.Wait
  private var then: ((Result<[UInt8], Failure>) -> Void)?
  private var stream: (any Stream)?
  /// Whether it has another one's connection, by which nothing came yet: it may be closed by now.
  private var isAtRisk = false
  private var reader: HTTPReader
  private var search: Search
  let began = Duration.now
  private(set) var ended: Duration?
  /// Of the answer.
  var status: Int? { reader.hasHead ? reader.status : nil }

  init(
    _ request: HTTPRequest, _ attempt: Try, _ wait: Try.Wait,
    _ then: @escaping (Result<[UInt8], Failure>) -> Void
  ) {
    self.request = request
    self.attempt = attempt
    self.wait = wait
    self.then = then
    reader = HTTPReader(method: request.method)
    if case .until(let text) = request.reads {
      search = Search(for: text)
    } else {
      search = Search(for: nil)
    }
  }

  func take(_ stream: any Stream) {
    self.stream = stream
    attempt.cleanUp { self.close() }
  }

  func takeUsed(_ connection: Connection) {
    isAtRisk = true
    take(connection)
    heard(.open)
  }

  func connect() {
    do throws(Failure) {
      take(try Connection(to: request.endpoint, for: .speaking, in: attempt) { self.heard($0) })
    } catch {
      fail(error)
    }
  }

  private func close() {
    if reader.leavesOpen, let connections = request.connections,
      let connection = stream as? Connection
    {
      connections.leave(connection)
    } else {
      stream?.close()
    }
    stream = nil
  }

  private func end(_ result: Result<[UInt8], Failure>) {
    guard let then, !attempt.isOver else { return }
    self.then = nil
    ended = .now
    attempt.came(wait)
    close()
    then(result)
  }

  func fail(_ failure: Failure) {
    end(
      .failure(
        Failure(
          request.label + failure.description, status: failure.status, fault: failure.fault)))
  }

  func heard(_ event: StreamEvent) {
    let endpoint = request.endpoint
    switch event {
    case .closed where isAtRisk, .failed where isAtRisk:
      isAtRisk = false
      wait.what = { "connection to \(endpoint)" }
      connect()
    case .connected:
      if request.tls != nil { wait.what = { "TLS handshake with \(endpoint)" } }
    case .open:
      wait.what = { "answer from \(endpoint)" }
      stream?.write(request.bytes)
    case .sent: break
    case .bytes(let bytes):
      isAtRisk = false
      read(bytes)
    case .closed: if reader.end() { bodyEnded() } else { closedEarly() }
    case .failed(let failure): fail(failure)
    }
  }

  private func read(_ bytes: [UInt8]) {
    var malformed: HTTPReader.Malformed?
    do throws(HTTPReader.Malformed) {
      try reader.read(bytes) { search.append($0) }
    } catch {
      malformed = error
    }
    if reader.hasHead {
      let (status, endpoint) = (reader.status!, request.endpoint)
      guard request.statuses.contains(where: { $0.contains(status) }) else {
        let good = request.statuses.map(\.text).joined(separator: ", ")
        return fail(Failure("status \(status), not \(good)", status: status))
      }
      if case .nothing = request.reads { return end(.success([])) }
      wait.what = { "end of the answer from \(endpoint)" }
    }
    if search.isFound {
      end(.success(search.bytes))
    } else if let malformed {
      fail(Failure("\(request.endpoint) doesn't answer in HTTP: \(malformed)"))
    } else if search.bytes.count > HTTPRequest.maxBody {
      tooLong()
    } else if reader.isDone {
      bodyEnded()
    }
  }

  private func bodyEnded() {
    if case .until(let text) = request.reads {
      fail(Failure("the body lacks \(quoted(text))"))
    } else {
      end(.success(search.bytes))
    }
  }

  private func tooLong() {
    let limit = "\(HTTPRequest.maxBody >> 10) KiB"
    if case .until(let text) = request.reads {
      fail(Failure("the first \(limit) of the body lack \(quoted(text))"))
    } else {
      fail(Failure("the body is longer than \(limit)"))
    }
  }

  private func closedEarly() {
    fail(
      Failure(
        "\(request.endpoint) closed "
          + (reader.hasHead ? "before the end of its answer" : "without an answer"),
        fault: .network))
  }
}

extension ClosedRange<Int> {
  fileprivate var text: String {
    lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)-\(upperBound)"
  }
}

func quoted(_ text: String) -> String { "\"\(text)\"" }
