internal import Crypto

/// AWS's Signature Version 4
/// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
struct SignatureV4: Sendable {
  var accessKey: String
  var secretKey: Secret
  var region: String
  var service: String
  /// In seconds since 1970.
  var time: UInt64

  /// Signs the host, the time, and all headers that the request has but the user agent.
  func sign(_ request: HTTPRequest, sessionToken: Secret? = nil) -> HTTPRequest {
    var request = request
    request.headers.append(HTTPRequest.Field("X-Amz-Date", .plain(stamp)))
    if let sessionToken {
      request.headers.append(HTTPRequest.Field("X-Amz-Security-Token", .secret(sessionToken)))
    }
    let (canonical, names) = canonicalRequest(request)
    let scope = "\(stamp.prefix(8))/\(region)/\(service)/aws4_request"
    let text = [
      "AWS4-HMAC-SHA256", stamp, scope, hex(SHA256.hash(data: Array(canonical.utf8))),
    ].joined(separator: "\n")
    var key = Array("AWS4".utf8) + secretKey.bytes
    for part in [String(stamp.prefix(8)), region, service, "aws4_request"] {
      key = Self.code(part, key)
    }
    let value =
      "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope), SignedHeaders=\(names), "
      + "Signature=\(hex(Self.code(text, key)))"
    request.headers.append(HTTPRequest.Field("Authorization", .secret(Secret(value.utf8))))
    return request
  }

  /// The request as it is signed, and the names of its signed headers.
  func canonicalRequest(_ request: HTTPRequest) -> (text: String, names: String) {
    var headers = [("host", request.origin.authority)]
    for field in request.headers where field.name.lowercased() != "user-agent" {
      headers.append((field.name.lowercased(), field.value.revealed.oneSpaced))
    }
    headers.sort { $0.0 < $1.0 }
    let query = request.query.map {
      (HTTPRequest.encoded($0.name), HTTPRequest.encoded($0.value.revealed))
    }.sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
    let path = request.origin.path + request.path
    let names = headers.map(\.0).joined(separator: ";")
    let text = [
      request.method.rawValue, path.isEmpty ? "/" : path, query,
      headers.map { "\($0):\($1)\n" }.joined(), names, hex(SHA256.hash(data: request.body)),
    ].joined(separator: "\n")
    return (text, names)
  }

  private static func code(_ text: String, _ key: [UInt8]) -> [UInt8] {
    Array(
      HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
  }

  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// `20150830T123600Z`.
  private var stamp: String {
    let (days, seconds) = (Int(time / 86_400), Int(time % 86_400))
    // Civil from days, with years that begin in March (howardhinnant.github.io/date_algorithms.html).
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    return "\(year)\(two(month))\(two(day))T"
      + "\(two(seconds / 3600))\(two(seconds / 60 % 60))\(two(seconds % 60))Z"
  }
}

extension String {
  /// Without spaces around it, and with one for several.
  fileprivate var oneSpaced: String { split(separator: " ").joined(separator: " ") }
}
