import TestSupport
import Testing

@testable import DDNS

struct Route53Tests {
  private static let signature = SignatureV4(
    accessKey: "AKIDEXAMPLE", secretKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".utf8),
    region: "us-east-1", service: "service", time: 1_440_938_160)

  private static func signed(
    _ method: HTTPRequest.Method, _ host: String, _ path: String,
    _ query: [(String, String)] = [], service: String = "service", body: String = "",
    token: String? = nil
  ) -> String? {
    var request = HTTPRequest(method, HTTPOrigin(host: host), path)
    request.query = query.map { HTTPRequest.Field($0.0, .plain($0.1)) }
    request.headers = [HTTPRequest.Field("User-Agent", "vpngw")]
    request.body = Array(body.utf8)
    if !body.isEmpty { request.headers.append(HTTPRequest.Field("Content-Type", "text/xml")) }
    var signature = signature
    signature.service = service
    let made = signature.sign(request, sessionToken: token.map { Secret($0.utf8) })
    #expect(made.sent("X-Amz-Date") == "20150830T123600Z")
    return made.sent("Authorization")
  }

  /// The first three are of AWS's own test suite (get-vanilla, post-vanilla,
  /// get-vanilla-query-order-key-case); all are what botocore 1.x computes.
  @Test func signaturesAreThoseOfBotocore() {
    let start = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
    let host = "example.amazonaws.com"
    let plain = "service/aws4_request, SignedHeaders=host;x-amz-date, Signature="
    #expect(
      Self.signed(.get, host, "/") == start + plain
        + "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")
    #expect(
      Self.signed(.post, host, "/") == start + plain
        + "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")
    #expect(
      Self.signed(.get, host, "/", [("Param2", "value2"), ("Param1", "value1")]) == start + plain
        + "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")
    #expect(
      Self.signed(
        .get, "route53.amazonaws.com", "/2013-04-01/hostedzonesbyname",
        [("dnsname", "vpn.example.org"), ("maxitems", "10")], service: "route53")
        == start + "route53/aws4_request, SignedHeaders=host;x-amz-date, Signature="
        + "681870a37b7590f63ca9ca36386045542fd7301469b9ddb6ad6861b1007539a8")
    #expect(
      Self.signed(
        .post, "route53.amazonaws.com", "/2013-04-01/hostedzone/Z1PA6795UKMFR9/rrset",
        service: "route53", body: "<x>&amp;</x>", token: "a token/+=")
        == start
        + "route53/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
        + "Signature=5eedcc0fb50207781f5c31f743a3942c46e44f783b440522b34d9ae8c464b7f2")
  }

  /// Against Python's calendar.
  @Test func timesAreWrittenRightly() throws {
    var generator = SplitMix64(53)
    let times = (0..<300).map { _ in UInt64.random(in: 0...8_000_000_000, using: &generator) }
    let program =
      "import sys,datetime as d\nfor t in sys.argv[1:]:\n"
      + " print(d.datetime.fromtimestamp(int(t), d.timezone.utc).strftime('%Y%m%dT%H%M%SZ'))"
    let said = try run(["/usr/bin/python3", "-c", program] + times.map(String.init)).lines
    for (time, text) in zip(times, said) {
      var signature = Self.signature
      signature.time = time
      let made = signature.sign(HTTPRequest(.get, HTTPOrigin(host: "a"), "/"))
      #expect(made.sent("X-Amz-Date") == String(text))
    }
  }

  // MARK: - Requests

  private static let keys: [String: ProviderSettings.Setting] = [
    "access_key_id": .text("AKIDEXAMPLE")
  ]
  private static let start = "https://route53.amazonaws.com/2013-04-01"

  private static func zones(_ list: String) -> HTTPResponse {
    json(
      "<?xml version=\"1.0\"?>\n<ListHostedZonesByNameResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><HostedZones>"
        + list + "</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>")
  }

  private static func zone(_ id: String, _ name: String, isPrivate: Bool = false) -> String {
    "<HostedZone><Id>/hostedzone/\(id)</Id><Name>\(name)</Name><CallerReference>x</CallerReference>"
      + "<Config><PrivateZone>\(isPrivate)</PrivateZone></Config></HostedZone>"
  }

  private static let found: [(request: String, response: HTTPResponse)] = [
    (
      "GET \(start)/hostedzonesbyname?dnsname=vpn.example.org&maxitems=10",
      zones(zone("Z0", "zzz.example."))
    ),
    (
      "GET \(start)/hostedzonesbyname?dnsname=example.org&maxitems=10",
      zones(zone("Z1", "example.org.", isPrivate: true) + zone("Z2", "example.org."))
    ),
  ]

  private static func sets(_ sets: String...) -> HTTPResponse {
    json(
      "<ListResourceRecordSetsResponse xmlns=\"x\"><ResourceRecordSets>" + sets.joined()
        + "</ResourceRecordSets></ListResourceRecordSetsResponse>")
  }

  private static func recordSet(
    _ name: String, _ type: String, _ values: String..., more: String = ""
  ) -> String {
    let records = values.map { "<ResourceRecord><Value>\($0)</Value></ResourceRecord>" }.joined()
    return "<ResourceRecordSet><Name>\(name)</Name><Type>\(type)</Type>\(more)<TTL>60</TTL>"
      + "<ResourceRecords>\(records)</ResourceRecords></ResourceRecordSet>"
  }

  private static let listing = "GET \(start)/hostedzone/Z2/rrset?maxitems=100&name=vpn.example.org"

  @Test func setsAreReadOfTheInnermostPublicZone() throws {
    let read = try converse(
      try provider(Route53.self, Self.keys).published(vpn, [.a, .txt]),
      Self.found + [
        (
          Self.listing,
          Self.sets(
            Self.recordSet("vpn.example.org.", "A", "198.51.100.8", "198.51.100.7"),
            Self.recordSet("vpn.example.org.", "MX", "10 mail.example.org."),
            Self.recordSet("vpn.example.org.", "TXT", "&quot;a &lt;b&gt; &amp;amp;&quot;"),
            Self.recordSet("www.example.org.", "A", "198.51.100.99"))
        )
      ])
    #expect(
      read == [
        set(.a, "198.51.100.7", "198.51.100.8"), set(.txt, "\"a <b> &amp;\""),
      ])
    #expect(
      failure(
        try provider(Route53.self, Self.keys).published(vpn, [.a]),
        Self.found + [
          (
            Self.listing,
            Self.sets(
              Self.recordSet(
                "vpn.example.org.", "A", "198.51.100.8",
                more: "<SetIdentifier>a</SetIdentifier><Weight>1</Weight>"))
          )
        ])?.isPermanent == true)
  }

  @Test func setsAreWrittenWhole() throws {
    func change(_ action: String, _ ttl: Int, _ values: String...) -> String {
      let records = values.map { "<ResourceRecord><Value>\($0)</Value></ResourceRecord>" }.joined()
      return "POST \(Self.start)/hostedzone/Z2/rrset\n<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
        + "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"
        + "<ChangeBatch><Changes><Change><Action>\(action)</Action><ResourceRecordSet>"
        + "<Name>vpn.example.org.</Name><Type>A</Type><TTL>\(ttl)</TTL><ResourceRecords>\(records)"
        + "</ResourceRecords></ResourceRecordSet></Change></Changes></ChangeBatch>"
        + "</ChangeResourceRecordSetsRequest>"
    }
    let done = json("<ChangeResourceRecordSetsResponse/>")
    let values = Self.keys.merging(["zone_id": .text("Z2")]) { $1 }
    let old = set(.a, "198.51.100.7", ttl: 300)
    try converse(
      try provider(Route53.self, values).replace(
        old, by: set(.a, "198.51.100.8", "198.51.100.7")),
      [(change("UPSERT", 60, "198.51.100.7", "198.51.100.8"), done)])
    try converse(
      try provider(Route53.self, values).replace(old, by: nil),
      [(change("DELETE", 300, "198.51.100.7"), done)])
  }

  @Test func refusalsAreSentences() throws {
    func said(_ code: String, _ message: String, _ status: Int) throws -> ProviderError? {
      failure(
        try provider(Route53.self, Self.keys).published(vpn, [.a]),
        [
          (
            Self.found[0].request,
            json(
              "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>",
              status)
          )
        ])
    }
    #expect(
      try said(
        "InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        == ProviderError(
          "Route 53 refuses the access key AKIDEXAMPLE (403): The security token included in the request is invalid.",
          isPermanent: true))
    #expect(
      try said("Throttling", "Rate exceeded", 400)
        == ProviderError(
          "Route 53 takes no more requests for now (Throttling)", retryAfter: .seconds(5)))
    #expect(
      try said("SignatureDoesNotMatch", "Signature expired", 403)?.message
        == "Route 53 refuses the signature: is the secret key right, and the clock? (SignatureDoesNotMatch: Signature expired)"
    )
  }
}
