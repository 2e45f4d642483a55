public import Addressing

/// Where HTTP requests go: the parts of a URL before its query, and how they get there.
public struct HTTPOrigin: Hashable, Sendable {
  public var isSecure: Bool
  /// A name, or an address without brackets.
  public var host: String
  public var port: UInt16
  /// Begins with a slash unless empty, and doesn't end with one.
  public var path: String
  /// A PEM file of certificates to trust; nil: the system's.
  public var authorities: String?
  /// The address to ask from; nil: the kernel's choice.
  public var source: IPAddress?
  /// The link that requests leave by (`SO_BINDTODEVICE`).
  public var link: LinkName?
  /// The mark of their packets (`SO_MARK`).
  public var mark: Mark?

  public init(isSecure: Bool = true, host: String, port: UInt16? = nil, path: String = "") {
    self.isSecure = isSecure
    self.host = host
    self.port = port ?? (isSecure ? 443 : 80)
    self.path = path
  }
}

extension HTTPOrigin {
  /// The `Host` header (RFC 9110, 7.2): with the port if that isn't the scheme's.
  public var authority: String {
    let host = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? host : "\(host):\(port)"
  }
}

/// A request to a provider, as a value.
public struct HTTPRequest: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: Sensitive

    public init(_ name: String, _ value: Sensitive) {
      self.name = name
      self.value = value
    }
  }

  public var method: Method
  public var origin: HTTPOrigin
  /// What follows the origin's path; percent-encoded where it must be.
  public var path: String
  /// Not yet percent-encoded.
  public var query: [Field] = []
  public var headers: [Field] = []
  public var body: [UInt8] = []
  /// Whether the body holds a secret.
  public var isBodySecret = false

  public init(_ method: Method, _ origin: HTTPOrigin, _ path: String) {
    self.method = method
    self.origin = origin
    self.path = path
  }
}

/// A provider's whole answer, which the client has bounded.
public struct HTTPResponse: Hashable, Sendable {
  public var status: Int
  /// As received; names are compared without case.
  public var headers: [(name: String, value: String)]
  public var body: [UInt8]

  public init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public var isSuccess: Bool { (200...299).contains(status) }

  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  public static func == (a: HTTPResponse, b: HTTPResponse) -> Bool {
    a.status == b.status && a.body == b.body
      && a.headers.elementsEqual(b.headers) { $0.name == $1.name && $0.value == $1.value }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(status)
    hasher.combine(body)
  }
}
