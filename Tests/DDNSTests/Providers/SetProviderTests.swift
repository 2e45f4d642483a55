import JSON
import Testing

@testable import DDNS

/// Providers that write a set as a whole: golden requests for documented answers.
struct SetProviderTests {
  // MARK: - Cloudflare

  private static let zones = "GET https://api.cloudflare.com/client/v4/zones?name="
  private static let records =
    "GET https://api.cloudflare.com/client/v4/zones/023e105f/dns_records?name=vpn.example.org&per_page=100&page="

  private static func cloudflare(_ result: String, _ info: String = "") -> HTTPResponse {
    json(#"{ "success": true, "errors": [], "messages": [], "result": \#(result)\#(info) }"#)
  }

  private static let found: [(request: String, response: HTTPResponse)] = [
    (zones + "vpn.example.org", cloudflare("[]")),
    (zones + "example.org", cloudflare(#"[{ "id": "023e105f", "name": "example.org" }]"#)),
  ]

  @Test func cloudflareFindsTheZoneAndReadsAllPages() throws {
    let first =
      #"[{ "id": "1", "type": "A", "name": "vpn.example.org", "content": "198.51.100.7", "proxied": false, "ttl": 60 }, { "id": "2", "type": "CAA", "name": "vpn.example.org", "content": "x", "ttl": 1 }]"#
    let second =
      #"[{ "id": "3", "type": "A", "name": "vpn.example.org", "content": "198.51.100.8", "proxied": false, "ttl": 60 }, { "id": "4", "type": "SRV", "name": "vpn.example.org", "content": "5 4242 gw0.example.org", "priority": 10, "data": { "priority": 10, "weight": 5, "port": 4242, "target": "gw0.example.org" }, "ttl": 1 }]"#
    let sets = try converse(
      try provider(Cloudflare.self).published(vpn, [.a, .srv]),
      Self.found + [
        (
          Self.records + "1",
          Self.cloudflare(first, #", "result_info": { "page": 1, "total_pages": 2 }"#)
        ),
        (
          Self.records + "2",
          Self.cloudflare(second, #", "result_info": { "page": 2, "total_pages": 2 }"#)
        ),
      ]
    ) { #expect($0.sent("Authorization") == "Bearer canary-token_file") }
    #expect(
      sets == [
        set(.a, "198.51.100.7", "198.51.100.8"), set(.srv, "10 5 4242 gw0.example.org.", ttl: 300),
      ])
  }

  @Test func cloudflareChangesASetInOneBatch() throws {
    let present =
      #"[{ "id": "1", "type": "A", "content": "198.51.100.7", "ttl": 60 }, { "id": "2", "type": "A", "content": "198.51.100.8", "ttl": 1 }, { "id": "3", "type": "A", "content": "198.51.100.9", "ttl": 60 }]"#
    let batch =
      "POST https://api.cloudflare.com/client/v4/zones/023e105f/dns_records/batch\n"
    try converse(
      try provider(Cloudflare.self).replace(
        set(.a, "198.51.100.7"), by: set(.a, "198.51.100.8", "198.51.100.10")),
      Self.found + [
        (Self.records + "1", Self.cloudflare(present)),
        (
          batch
            + #"{"deletes":[{"id":"3"}],"patches":[{"id":"1","type":"A","name":"vpn.example.org","ttl":60,"content":"198.51.100.10"},{"id":"2","type":"A","name":"vpn.example.org","ttl":60,"content":"198.51.100.8"}],"posts":[]}"#,
          Self.cloudflare("{}")
        ),
      ])
    // With the zone stated nothing is searched, and what is right already isn't written.
    try converse(
      try provider(Cloudflare.self, ["zone": .name(RecordName("example.org")!)]).replace(
        nil, by: set(.a, "198.51.100.7", ttl: nil)),
      [
        Self.found[1],
        (
          Self.records + "1",
          Self.cloudflare(#"[{ "id": "1", "type": "A", "content": "198.51.100.7", "ttl": 60 }]"#)
        ),
      ])
    try converse(
      try provider(Cloudflare.self).replace(
        nil, by: set(.https, "1 . alpn=\"h2\" port=4242", ttl: 120)),
      Self.found + [
        (Self.records + "1", Self.cloudflare("[]")),
        (
          batch
            + #"{"deletes":[],"patches":[],"posts":[{"type":"HTTPS","name":"vpn.example.org","ttl":120,"data":{"priority":1,"target":".","value":"alpn=\"h2\" port=4242"}}]}"#,
          Self.cloudflare("{}")
        ),
      ])
  }

  @Test func cloudflaresRefusalsAreSentences() throws {
    func said(_ response: HTTPResponse) throws -> ProviderError? {
      failure(
        try provider(Cloudflare.self).published(vpn, [.a]),
        [(Self.zones + "vpn.example.org", response)])
    }
    #expect(
      try said(
        json(
          #"{ "success": false, "errors": [{ "code": 9109, "message": "Invalid access token" }] }"#,
          403))
        == ProviderError(
          "Cloudflare refuses the token of /keys/token_file (403): Invalid access token",
          isPermanent: true))
    #expect(
      try said(json("rate limited", 429, [("Retry-After", "37")]))
        == ProviderError(
          "Cloudflare takes no more requests for now (429)", retryAfter: .seconds(37)))
    #expect(try said(json("<html>", 502)) == ProviderError("Cloudflare has a fault (502)"))
    #expect(try said(json("<html>")) == ProviderError("Cloudflare doesn't answer in JSON"))
    #expect(
      try said(json("", 301, [("Location", "https://elsewhere.example/")]))?.message
        == "Cloudflare redirects (301), which isn't followed: is \"url\" right?")
    // A server that repeats our secret.
    #expect(
      try said(json(#"{ "errors": [{ "message": "no token canary-token_file here" }] }"#, 400))?
        .message == "Cloudflare refuses the request (400): no token <secret> here")
    #expect(
      failure(
        try provider(Cloudflare.self).published(vpn, [.a]),
        [Self.found[0], (Self.zones + "example.org", Self.cloudflare("[]"))])
        == ProviderError(
          "Cloudflare has no zone for this name, or the token of /keys/token_file may not see it",
          isPermanent: true))
  }

  // MARK: - deSEC

  private static let domains = (
    "GET https://desec.io/api/v1/domains/?owns_qname=vpn.example.org",
    json(#"[{ "name": "example.org", "minimum_ttl": 60, "touched": "2026-01-01T00:00:00Z" }]"#)
  )
  private static let sets = "https://desec.io/api/v1/domains/example.org/rrsets/"

  @Test func deSECReadsAndWritesSets() throws {
    let present =
      #"[{ "domain": "example.org", "subname": "vpn", "name": "vpn.example.org.", "type": "A", "ttl": 60, "records": ["198.51.100.8", "198.51.100.7"] }, { "subname": "vpn", "type": "TXT", "ttl": 3600, "records": ["\"port=4242\""] }]"#
    let read = try converse(
      try provider(DeSEC.self).published(vpn, [.a, .aaaa, .txt]),
      [Self.domains, ("GET \(Self.sets)?subname=vpn", json(present))]
    ) { #expect($0.sent("Authorization") == "Token canary-token_file") }
    #expect(
      read == [set(.a, "198.51.100.7", "198.51.100.8"), set(.txt, "\"port=4242\"", ttl: 3600)])
    try converse(
      try provider(DeSEC.self).replace(read[0], by: set(.a, "198.51.100.7", "198.51.100.9")),
      [
        Self.domains,
        (
          "PUT \(Self.sets)\n"
            + #"[{"subname":"vpn","type":"A","ttl":60,"records":["198.51.100.7","198.51.100.9"]}]"#,
          json("[]")
        ),
      ])
    try converse(
      try provider(DeSEC.self).replace(read[0], by: nil),
      [
        Self.domains,
        (
          "PUT \(Self.sets)\n" + #"[{"subname":"vpn","type":"A","ttl":60,"records":[]}]"#,
          json("[]")
        ),
      ])
  }

  @Test func deSECsLimitsAreSentences() throws {
    #expect(
      failure(
        try provider(DeSEC.self).replace(nil, by: set(.a, "198.51.100.7")),
        [
          (
            Self.domains.0, json(#"[{ "name": "example.org", "minimum_ttl": 3600 }]"#)
          )
        ])
        == ProviderError(
          "deSEC allows \"example.org\" a TTL of 3600s at least, not 60s", isPermanent: true))
    #expect(
      failure(
        try provider(DeSEC.self).published(vpn, [.a]),
        [
          (
            Self.domains.0,
            json(
              #"{ "detail": "Request was throttled. Expected available in 3 seconds." }"#, 429,
              [("Retry-After", "3")])
          )
        ])
        == ProviderError(
          "deSEC takes no more requests for now (429): Request was throttled. Expected available in 3 seconds.",
          retryAfter: .seconds(3)))
    #expect(
      failure(try provider(DeSEC.self).published(vpn, [.a]), [(Self.domains.0, json("[]"))])?
        .isPermanent == true)
  }

  // MARK: - Hetzner

  private static let cloud = "https://api.hetzner.cloud/v1/zones"
  private static let zone: [(request: String, response: HTTPResponse)] = [
    ("GET \(cloud)?name=vpn.example.org", json(#"{ "zones": [], "meta": {} }"#)),
    (
      "GET \(cloud)?name=example.org",
      json(#"{ "zones": [{ "id": 42, "name": "example.org", "mode": "primary", "ttl": 3600 }] }"#)
    ),
  ]

  @Test func hetznerReadsAndWritesSets() throws {
    let present =
      #"{ "rrsets": [{ "id": "vpn/A", "name": "vpn", "type": "A", "ttl": 60, "records": [{ "value": "198.51.100.7", "comment": "" }] }], "meta": { "pagination": { "page": 1, "next_page": null } } }"#
    let read = try converse(
      try provider(Hetzner.self).published(vpn, [.a, .aaaa]),
      Self.zone + [("GET \(Self.cloud)/42/rrsets?name=vpn&per_page=50", json(present))])
    #expect(read == [set(.a, "198.51.100.7")])
    try converse(
      try provider(Hetzner.self).replace(read[0], by: set(.a, "198.51.100.9", ttl: 120)),
      Self.zone + [
        (
          "POST \(Self.cloud)/42/rrsets/vpn/A/actions/set_records\n"
            + #"{"records":[{"value":"198.51.100.9"}]}"#,
          json(#"{ "action": { "id": 1, "status": "running" } }"#, 201)
        ),
        (
          "POST \(Self.cloud)/42/rrsets/vpn/A/actions/change_ttl\n" + #"{"ttl":120}"#,
          json(#"{ "action": { "id": 2, "status": "running" } }"#, 201)
        ),
      ])
    try converse(
      try provider(Hetzner.self).replace(nil, by: set(.aaaa, "2001:db8::7", named: "example.org")),
      [
        Self.zone[1],
        (
          "POST \(Self.cloud)/42/rrsets\n"
            + #"{"name":"@","type":"AAAA","ttl":60,"records":[{"value":"2001:db8::7"}]}"#,
          json("{}", 201)
        ),
      ])
    try converse(
      try provider(Hetzner.self).replace(read[0], by: nil),
      Self.zone + [("DELETE \(Self.cloud)/42/rrsets/vpn/A", json("{}", 201))])
    #expect(
      failure(
        try provider(Hetzner.self).published(vpn, [.a]),
        [
          (
            Self.zone[0].request,
            json(
              #"{ "error": { "code": "unauthorized", "message": "the token is invalid" } }"#, 401)
          )
        ])
        == ProviderError(
          "Hetzner refuses the token of /keys/token_file (401): the token is invalid",
          isPermanent: true))
  }
}
