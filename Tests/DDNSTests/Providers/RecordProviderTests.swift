import JSON
import Testing

@testable import DDNS

/// Providers that know records one by one.
struct RecordProviderTests {
  // MARK: - What to do with identified records

  private static func records(_ values: String..., ttl: UInt32? = 60) -> [IdentifiedRecord] {
    values.enumerated().map {
      IdentifiedRecord(id: "\($0)", value: RecordValue($1, type: .a)!, ttl: ttl)
    }
  }

  private static func value(_ text: String) -> RecordValue { RecordValue(text, type: .a)! }

  @Test func editsComeInAnOrderThatLeavesTheNameResolvable() {
    let present = Self.records("192.0.2.1", "192.0.2.2", "192.0.2.3")
    #expect(present.edits(to: set(.a, "192.0.2.3", "192.0.2.1", "192.0.2.2")) == [])
    #expect(
      present.edits(to: set(.a, "192.0.2.3", "192.0.2.9"))
        == [.update("0", Self.value("192.0.2.9")), .delete("1")])
    #expect(
      Self.records("192.0.2.1").edits(to: set(.a, "192.0.2.8", "192.0.2.9"))
        == [.update("0", Self.value("192.0.2.8")), .create(Self.value("192.0.2.9"))])
    #expect(present.edits(to: nil) == [.delete("0"), .delete("1"), .delete("2")])
    #expect(
      Self.records("192.0.2.1", "192.0.2.1").edits(to: set(.a, "192.0.2.1")) == [.delete("1")])
    #expect(
      present.edits(to: set(.a, "192.0.2.1", ttl: 30))
        == [.update("0", Self.value("192.0.2.1")), .delete("1"), .delete("2")])
  }

  /// Interrupted anywhere, the name still resolves, no more records are there than before or after,
  /// and what follows ends in the right set.
  @Test func editsThatAreInterruptedAreRepairedByTheNext() {
    let all = (1...6).map { "192.0.2.\($0)" }
    for _ in 0..<500 {
      let before = all.shuffled().prefix(.random(in: 0...4))
      let after = all.shuffled().prefix(.random(in: 1...4))
      let wanted = RecordSet(vpn, .a, ttl: 60, after.map(Self.value))
      var present = before.enumerated().map {
        IdentifiedRecord(id: "\($0)", value: Self.value($1), ttl: 60)
      }
      var next = present.count
      func make(_ edits: some Sequence<RecordEdit>) {
        for edit in edits {
          switch edit {
          case .create(let value):
            present.append(IdentifiedRecord(id: "\(next)", value: value, ttl: 60))
            next += 1
          case .update(let id, let value):
            present[present.firstIndex { $0.id == id }!].value = value
          case .delete(let id): present.removeAll { $0.id == id }
          }
          #expect(present.count <= max(before.count, after.count))
          #expect(before.isEmpty || !present.isEmpty)
        }
      }
      let edits = present.edits(to: wanted)
      make(edits.prefix(.random(in: 0...edits.count)))
      make(present.edits(to: wanted))
      #expect(present.sets(of: vpn) == [wanted])
    }
  }

  @Test func recordsWithSeveralTTLsAreNoSetWithOne() {
    var records = Self.records("192.0.2.1", "192.0.2.2")
    records[1].ttl = 300
    let sets = records.sets(of: vpn)
    #expect(!set(.a, "192.0.2.1", "192.0.2.2").isPublished(as: sets[0]))
  }

  // MARK: - Dynu

  private static let dynu = "https://api.dynu.com/v2/dns"
  private static let root = (
    "GET \(dynu)/getroot/vpn.example.org",
    json(
      #"{ "statusCode": 200, "id": 98765, "domainName": "example.org", "hostname": "vpn.example.org", "node": "vpn" }"#
    )
  )

  private static func dynuRecord(_ id: Int, _ node: String, _ type: String, _ data: String)
    -> String
  {
    #"{ "id": \#(id), "domainId": 98765, "domainName": "example.org", "nodeName": "\#(node)", "hostname": "\#(node).example.org", "recordType": "\#(type)", "ttl": 60, "state": true, \#(data) }"#
  }

  @Test func dynuReadsAndWritesRecordsOfTheNode() throws {
    let list =
      "{ \"statusCode\": 200, \"dnsRecords\": ["
      + [
        Self.dynuRecord(1, "vpn", "A", #""ipv4Address": "198.51.100.7""#),
        Self.dynuRecord(2, "vpn", "A", #""ipv4Address": "198.51.100.8""#),
        Self.dynuRecord(3, "www", "A", #""ipv4Address": "198.51.100.99""#),
        Self.dynuRecord(4, "vpn", "AAAA", #""ipv6Address": "2001:db8::7""#),
        Self.dynuRecord(5, "vpn", "MX", #""host": "mail.example.org""#),
      ].joined(separator: ", ") + "] }"
    let all = ("GET \(Self.dynu)/98765/record", json(list))
    let read = try converse(
      try provider(Dynu.self).published(vpn, [.a, .aaaa]), [Self.root, all]
    ) { #expect($0.sent("API-Key") == "canary-key_file") }
    #expect(read == [set(.a, "198.51.100.7", "198.51.100.8"), set(.aaaa, "2001:db8::7")])
    try converse(
      try provider(Dynu.self).replace(
        read[0], by: set(.a, "198.51.100.8", "198.51.100.9", "198.51.100.10")),
      [
        Self.root, all,
        (
          "POST \(Self.dynu)/98765/record/1\n"
            + #"{"nodeName":"vpn","recordType":"A","ttl":60,"state":true,"ipv4Address":"198.51.100.9"}"#,
          json(#"{ "statusCode": 200 }"#)
        ),
        (
          "POST \(Self.dynu)/98765/record\n"
            + #"{"nodeName":"vpn","recordType":"A","ttl":60,"state":true,"ipv4Address":"198.51.100.10"}"#,
          json(#"{ "statusCode": 200 }"#)
        ),
      ])
    try converse(
      try provider(Dynu.self).replace(read[1], by: nil),
      [Self.root, all, ("DELETE \(Self.dynu)/98765/record/4", json(#"{ "statusCode": 200 }"#))])
  }

  @Test func dynusLimitAndRefusalsAreKnown() throws {
    #expect(Dynu.limits(settings(Dynu.self)).most == 4)
    #expect(Dynu.limits(settings(Dynu.self, ["most": .number(16)])).most == 16)
    #expect(
      failure(
        try provider(Dynu.self).published(vpn, [.a]),
        [
          (
            Self.root.0,
            json(
              #"{ "exception": { "statusCode": 401, "type": "Authentication Exception", "message": "Invalid API key" } }"#,
              401)
          )
        ])
        == ProviderError(
          "Dynu refuses the key of /keys/key_file (401): Invalid API key", isPermanent: true))
  }

  // MARK: - DigitalOcean

  private static let ocean = "https://api.digitalocean.com/v2/domains"
  private static let domain: [(request: String, response: HTTPResponse)] = [
    (
      "GET \(ocean)/vpn.example.org",
      json(
        #"{ "id": "not_found", "message": "The resource you were accessing could not be found." }"#,
        404)
    ),
    ("GET \(ocean)/example.org", json(#"{ "domain": { "name": "example.org", "ttl": 1800 } }"#)),
  ]

  @Test func digitalOceanReadsAndWritesRecords() throws {
    let query = "?name=vpn.example.org&per_page=200&page="
    let first =
      #"{ "domain_records": [{ "id": 1, "type": "A", "name": "vpn", "data": "198.51.100.7", "priority": null, "port": null, "ttl": 60, "weight": null }], "links": { "pages": { "next": "https://api.digitalocean.com/v2/domains/example.org/records?page=2" } }, "meta": { "total": 2 } }"#
    let second =
      #"{ "domain_records": [{ "id": 2, "type": "A", "name": "vpn", "data": "198.51.100.8", "ttl": 60 }, { "id": 3, "type": "SRV", "name": "vpn", "data": "gw0.example.org", "priority": 10, "port": 4242, "weight": 5, "ttl": 60 }], "links": {}, "meta": { "total": 2 } }"#
    let pages = [
      ("GET \(Self.ocean)/example.org/records\(query)1", json(first)),
      ("GET \(Self.ocean)/example.org/records\(query)2", json(second)),
    ]
    let read = try converse(
      try provider(DigitalOcean.self).published(vpn, [.a, .srv]), Self.domain + pages)
    #expect(
      read == [
        set(.a, "198.51.100.7", "198.51.100.8"), set(.srv, "10 5 4242 gw0.example.org."),
      ])
    try converse(
      try provider(DigitalOcean.self).replace(read[0], by: set(.a, "198.51.100.9")),
      Self.domain + pages + [
        (
          "PUT \(Self.ocean)/example.org/records/1\n"
            + #"{"type":"A","name":"vpn","data":"198.51.100.9","ttl":60}"#,
          json("{}")
        ),
        ("DELETE \(Self.ocean)/example.org/records/2", HTTPResponse(status: 204)),
      ])
    try converse(
      try provider(DigitalOcean.self).replace(
        nil, by: set(.srv, "1 2 3 gw1.example.org.", "10 5 4242 gw0.example.org.")),
      Self.domain + pages + [
        (
          "POST \(Self.ocean)/example.org/records\n"
            + #"{"type":"SRV","name":"vpn","data":"gw1.example.org.","priority":1,"port":3,"weight":2,"ttl":60}"#,
          json("{}", 201)
        )
      ])
  }
}
