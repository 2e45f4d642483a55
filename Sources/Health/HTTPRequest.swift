import Events
internal import Glibc
import Model

/// A request on a new connection, or on one that an earlier request has left.
struct HTTPRequest {
  var endpoint: Endpoint
  var method = "GET"
  var path: String
  var host: String?
  var headers: [Probe.HTTP.Header] = []
  var statuses: [ClosedRange<Int>] = [200...299]
  var tls: SecureConnection.TLS?
  var reads = Reads.nothing
  /// Precedes the reasons of its failures if an attempt makes several requests.
  var label = ""
  var isForAddress = false
  /// What to check if no connection is established.
  var hint: String?
  /// Whether the first line of an unsuccessful answer's body explains it.
  var isExplained = false
  /// The most bytes of a body that are read.
  var maxBody = 1 << 16
  /// Where to take a connection from, and to leave it; for requests without TLS.
  var connections: KeptConnections?

  /// How much of the answer's body is read.
  enum Reads {
    /// Nothing: the status is enough.
    case nothing
    case all
    /// Until the body contains this.
    case until(String)
  }

  /// Sends it; `then` is called once with the body's bytes, unless the attempt ends first.
  func send(
    in attempt: ProbeAttempt, otherwise: (() -> Outcome)? = nil,
    then: @escaping (Result<[UInt8], ProbeFailure>) -> Void
  ) {
    let endpoint = endpoint
    let wait = attempt.wait(
      for: "connection to \(endpoint)", label: label, otherwise: otherwise)
    wait.hint = hint
    let exchange = HTTPExchange(self, attempt, wait, then)
    attempt.exchanges.append(exchange)
    if let left = connections?.take({ exchange.heard($0) }) {
      exchange.takeUsed(left)
    } else {
      exchange.connect()
    }
  }

  fileprivate var bytes: [UInt8] {
    var head = HTTPHead(path, of: host ?? endpoint.description)
    (head.method, head.headers, head.isLast) = (method, headers, connections == nil)
    return head.bytes
  }
}

/// An ``HTTPRequest`` in progress.
final class HTTPExchange {
  let request: HTTPRequest
  private let attempt: ProbeAttempt
  private let wait: ProbeAttempt.Wait
  private var then: ((Result<[UInt8], ProbeFailure>) -> Void)?
  private var stream: (any Stream)?
  /// Whether the connection is a kept one that has sent nothing yet: it may be closed by now.
  private var isAtRisk = false
  private var reader: HTTPReader
  private var search: Search
  let began = Instant.now
  private(set) var ended: Instant?
  /// The answer's status.
  var status: Int? { reader.hasHead ? reader.status : nil }

  init(
    _ request: HTTPRequest, _ attempt: ProbeAttempt, _ wait: ProbeAttempt.Wait,
    _ then: @escaping (Result<[UInt8], ProbeFailure>) -> Void
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
    do throws(ProbeFailure) {
      let tell: (StreamEvent) -> Void = { self.heard($0) }
      if let tls = request.tls {
        take(try SecureConnection(to: request.endpoint, tls, in: attempt, tell: tell))
      } else {
        take(try Connection(to: request.endpoint, for: .speaking, in: attempt, tell: tell))
      }
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

  private func end(_ result: Result<[UInt8], ProbeFailure>) {
    guard let then, !attempt.isOver else { return }
    self.then = nil
    ended = .now
    attempt.came(wait)
    close()
    then(result)
  }

  func fail(_ failure: ProbeFailure) {
    let hint = failure.errno == ECONNREFUSED ? request.hint.map { " (\($0))" } ?? "" : ""
    end(.failure(failure.between(request.label, hint)))
  }

  /// Fails with the status; waits for the body if that explains it.
  private func refused(by status: Int, isWhole: Bool) {
    let good = request.statuses.map(\.text).joined(separator: ", ")
    let explanation = request.isExplained ? search.bytes.firstLine : ""
    let failure = ProbeFailure(
      explanation.isEmpty ? "status \(status), not \(good)" : "status \(status): \(explanation)",
      status: status)
    if isWhole || !request.isExplained { return fail(failure) }
    wait.failure = failure.between(request.label, "")
  }

  func heard(_ event: StreamEvent) {
    let endpoint = request.endpoint
    switch event {
    case .closed where isAtRisk, .failed where isAtRisk:
      isAtRisk = false
      wait.what = { "connection to \(endpoint)" }
      wait.hint = request.hint
      connect()
    case .connected:
      wait.hint = nil
      if request.tls != nil { wait.what = { "TLS handshake with \(endpoint)" } }
    case .open:
      wait.what = { "answer from \(endpoint)" }
      stream?.write(request.bytes)
    case .sent: break
    case .bytes(let bytes):
      isAtRisk = false
      if attempt.mayTake(bytes.count, from: endpoint) { read(bytes) }
    case .closed:
      if let failure = wait.failure {
        end(.failure(failure))
      } else if reader.end() {
        bodyEnded()
      } else {
        closedEarly()
      }
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
        let isWhole = malformed != nil || reader.isDone || search.bytes.count > request.maxBody
        return refused(by: status, isWhole: isWhole)
      }
      if case .nothing = request.reads { return end(.success([])) }
      wait.what = { "end of the answer from \(endpoint)" }
    }
    if search.isFound {
      end(.success(search.bytes))
    } else if let malformed {
      fail(ProbeFailure("\(request.endpoint) doesn't answer in HTTP: \(malformed)"))
    } else if search.bytes.count > request.maxBody {
      tooLong()
    } else if reader.isDone {
      bodyEnded()
    }
  }

  private func bodyEnded() {
    if case .until(let text) = request.reads {
      fail(ProbeFailure("the body lacks \(quoted(text))"))
    } else {
      end(.success(search.bytes))
    }
  }

  private func tooLong() {
    let limit = "\(request.maxBody >> 10) KiB"
    if case .until(let text) = request.reads {
      fail(ProbeFailure("the first \(limit) of the body lack \(quoted(text))"))
    } else {
      fail(ProbeFailure("the body is longer than \(limit)"))
    }
  }

  private func closedEarly() {
    fail(
      ProbeFailure(
        "\(request.endpoint) closed "
          + (reader.hasHead ? "before the end of its answer" : "without an answer"),
        fault: .network))
  }
}

extension ProbeFailure {
  fileprivate func between(_ start: String, _ end: String) -> ProbeFailure {
    ProbeFailure(start + description + end, status: status, fault: fault, errno: errno)
  }
}

extension [UInt8] {
  /// The first line that isn't empty, with the next one if it ends in a colon, as gluetun's do.
  fileprivate var firstLine: String {
    let lines = String(decoding: prefix(1024), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmed }.filter { !$0.isEmpty }
    guard let first = lines.first else { return "" }
    return first.hasSuffix(":") && lines.count > 1 ? "\(first) \(lines[1])" : String(first)
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}

extension ClosedRange<Int> {
  fileprivate var text: String {
    lowerBound == upperBound ? "\(lowerBound)" : "\(lowerBound)-\(upperBound)"
  }
}

func quoted(_ text: String) -> String { "\"\(text)\"" }
