import Model

/// A request without a body, as it is sent (RFC 9112, 3).
public struct HTTPHead {
  var method = "GET"
  let path: String
  let host: String
  var headers: [Probe.HTTP.Header] = []
  /// Whether the server is to close the connection after its answer.
  var isLast = true

  public init(_ path: String, of host: String) {
    self.path = path
    self.host = host
  }

  public var bytes: [UInt8] {
    var text = "\(method) \(path) HTTP/1.1\r\n"
    text += "Host: \(host)\r\n"
    if isLast { text += "Connection: close\r\n" }
    for header in headers { text += "\(header.name): \(header.value)\r\n" }
    if method == "POST" { text += "Content-Length: 0\r\n" }
    return Array((text + "\r\n").utf8)
  }
}
