import DDNS
import Glibc
import JSON
import TestSupport
import Testing

@testable import State

/// The schema accepts and refuses what the decoder does, and has the same keys.
@Suite struct SchemaTests {
  private static let schema = Corpus.checkout + "/schemas/state.json"
  private static let checker = Corpus.checkout + "/.venv/bin/check-jsonschema"

  @Test(
    .enabled("check-jsonschema is missing: run make setup") {
      getenv("CI") != nil || access(checker, X_OK) == 0
    })
  func schemaJudgesTheCorpusAsTheDecoderDoes() throws {
    try #require(access(Self.checker, X_OK) == 0, "run make setup")
    let names = Corpus.good + Corpus.bad + Corpus.beyondSchema
    let examples = try fileNames(in: Corpus.checkout + "/states/", ending: ".json").map {
      Corpus.checkout + "/states/" + $0
    }
    let (finished, commented) = try TemporaryDirectory.with { directory in
      let commented = try Corpus.good.indices.map { index in
        let path = directory + "/\(index).json"
        try writeFile(path, Corpus.commented(Corpus.good[index]).text())
        return path
      }
      let files = names.map { Corpus.directory + $0 } + examples + commented
      return try (
        run([Self.checker, "--schemafile", Self.schema, "-o", "json"] + files), commented
      )
    }
    let report = try Document(Array(finished.output.utf8))
    try #require(report.root["parse_errors"]?.count == 0, "\(finished.error)")
    let refused = Set(
      (report.root["errors"]?.elements).map { $0.map { $0["filename"]!.string! } } ?? [])
    for name in Corpus.bad {
      #expect(refused.contains(Corpus.directory + name), "the schema accepts \(name)")
    }
    let right = (Corpus.good + Corpus.beyondSchema).map { Corpus.directory + $0 }
    for path in right + examples + commented {
      #expect(!refused.contains(path), "the schema refuses \(path)")
    }
  }

  private static let keys: [(definition: String?, kind: any ObjectKey.Type)] = [
    ("wireguard", WireGuardKey.self), ("wireguardPeer", WireGuardPeerKey.self),
    (nil, FileKey.self), ("parameter", ParameterKey.self), ("link", LinkKey.self),
    ("portVLAN", PortVLANKey.self), ("node", NodeKey.self),
    ("addressObject", AddressKey.self),
    ("nexthop", NexthopKey.self), ("member", MemberKey.self),
    ("resilient", ResilientKey.self), ("route", RouteKey.self), ("hop", HopKey.self),
    ("rule", RuleKey.self), ("ipvs", IPVSKey.self), ("ipvsService", IPVSServiceKey.self),
    ("ipvsPersistence", IPVSPersistenceKey.self), ("ipvsDestination", IPVSDestinationKey.self),
    ("ipvsTunnel", IPVSTunnelKey.self), ("ipvsTimeouts", IPVSTimeoutKey.self),
    ("ipvsSync", IPVSSyncKey.self), ("ipvsDaemon", IPVSDaemonKey.self),
    ("conditionalSysctl", SysctlKey.self),
    ("virtualRouter", VRRPKey.self), ("virtualMAC", VRRPVirtualMACKey.self),
    ("virtualRouterTrack", VRRPTrackKey.self),
    ("virtualRouterHMAC", VRRPHMACKey.self), ("virtualRouterKey", VRRPHMACKeyKey.self),
    ("signals", SignalsKey.self), ("condition", WhenKey.self), ("probe", ProbeKey.self),
    ("addressSource", AddressSourceKey.self),
    ("gateways", GatewaysKey.self), ("gatewayMember", GatewayKey.self),
    ("gatewayRanges", GatewayRangesKey.self), ("egress", EgressKey.self),
    ("gatewayNumbers", ReturnKey.self), ("service", ServiceKey.self),
    ("gatewayPod", GatewayPodKey.self), ("gatewayPodEgress", GatewayEgressKey.self),
    ("forward", ForwardKey.self),
    ("record", DDNSKey.self), ("ddnsProvider", DDNSProviderKey.self),
    ("serviceServer", ServerKey.self), ("serviceProbes", ServiceProbeKey.self),
  ]

  @Test(arguments: keys)
  func schemaAndDecoderKnowTheSameKeys(definition: String?, kind: any ObjectKey.Type) throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    let object = definition.map { document.root["$defs"]![$0]! } ?? document.root
    #expect(Self.described(in: object) == Set(kind.names))
  }

  @Test(arguments: keys)
  func exampleOfAMessageHasKeysOfItsKind(definition: String?, kind: any ObjectKey.Type) throws {
    let example = kind.example.replacing("[...]", with: "[]").replacing("{...}", with: "{}")
    let document = try Document(Array(example.utf8))
    defer { withExtendedLifetime(document) {} }
    let keys = try #require(document.root.members).map(\.key)
    #expect(!keys.isEmpty && Set(keys).isSubset(of: kind.names))
  }

  @Test func bothKindsOfNeighborHaveTheKeysOfTheSection() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    let definitions = document.root["$defs"]!
    let keys = ["neighbor", "entry"].map { Self.described(in: definitions[$0]!) }
    #expect(keys[0].union(keys[1]) == Set(NeighborKey.names))
  }

  @Test func everyTypeOfProbeHasItsKeys() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    for (type, keys) in ProbeKey.own {
      let branch = document.root["$defs"]!["probe"]!["allOf"]!.elements!.first {
        $0["if"]?["properties"]?["type"]?["const"]?.string == type
      }
      let known = ProbeKey.allCases.filter(keys.contains).map(\.name)
      #expect(try Self.described(in: #require(branch?["then"])) == Set(known))
    }
  }

  @Test func everyProviderHasItsKeys() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    let definition = document.root["$defs"]!["ddnsProvider"]!
    let types = definition["properties"]!["type"]!["enum"]!.elements!.compactMap(\.string)
    #expect(types == Providers.all.map { $0.name })
    for provider in Providers.all {
      let branch = definition["allOf"]!.elements!.first {
        $0["if"]?["properties"]?["type"]?["const"]?.string == provider.name
      }
      let then = try #require(branch?["then"], "\(provider.name)")
      #expect(Self.described(in: then) == Set(provider.keys.map(\.name)))
      let required = then["required"]?.elements?.compactMap(\.string) ?? []
      #expect(Set(required) == Set(provider.keys.filter(\.isRequired).map(\.name)))
    }
  }

  @Test func everyTypeOfLinkHasItsKeys() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    for (type, keys) in LinkKey.own {
      let branch = document.root["$defs"]!["link"]!["allOf"]!.elements!.first {
        $0["if"]?["properties"]?["type"]?["const"]?.string == type
      }
      let known = LinkKey.allCases.filter(keys.contains).map(\.name)
      #expect(try Self.described(in: #require(branch?["then"])) == Set(known))
    }
  }

  /// The keys that have a description, here or in a branch; conditions have none.
  private static func described(in schema: JSON.Value) -> Set<String> {
    var keys: Set<String> = []
    for (key, property) in schema["properties"]?.members.map(Array.init) ?? [] {
      if property["description"]?.string?.isEmpty == false { keys.insert(key) }
    }
    for branches in ["allOf", "anyOf", "oneOf"] {
      for branch in schema[branches]?.elements.map(Array.init) ?? [] {
        keys.formUnion(described(in: branch))
      }
    }
    for branch in ["then", "else"] {
      if let branch = schema[branch] { keys.formUnion(described(in: branch)) }
    }
    return keys
  }

  /// Where the decoder takes a number or a text, it takes a parameter.
  ///
  /// A number stands in an `anyOf` beside `numericReference`, words beside `reference`; a pattern ends in
  /// `|\\$\\{[A-Za-z_]`.
  @Test func everyValueMayHaveAParameter() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    var without: [Pointer] = []
    Self.visit(document.root, [], &without)
    #expect(without.map(\.description) == [])
  }

  /// Collects the parts of a schema that take a value and no parameter.
  private static func visit(
    _ schema: JSON.Value, _ path: Pointer, isAlternative: Bool = false, _ without: inout [Pointer]
  ) {
    let isNumber = schema["type"]?.string == "integer"
    let isWord = schema["enum"] != nil || schema["const"]?.string != nil
    if !isAlternative, isNumber || isWord { without.append(path) }
    if let pattern = schema["pattern"]?.string, !takesReferences(pattern) { without.append(path) }
    guard let members = schema.members else { return }
    for (key, part) in members {
      let below = path.appending(.key(key))
      if ["properties", "$defs"].contains(key), let properties = part.members {
        for (name, property) in properties where !fixed.contains(name) {
          visit(property, below.appending(.key(name)), &without)
        }
      } else if ["anyOf", "allOf", "oneOf", "prefixItems"].contains(key), let parts = part.elements
      {
        let takes =
          key == "anyOf" && parts.contains { $0["$ref"] != nil || $0["pattern"] != nil }
        for (index, part) in parts.enumerated() {
          visit(part, below.appending(.index(index)), isAlternative: takes, &without)
        }
      } else if ["items", "additionalProperties", "then", "else"].contains(key) {
        visit(part, below, &without)
      }
      // The rest are conditions, and names.
    }
  }

  /// These take no parameter: keys that other keys depend on, definitions that aren't values, and those that only `not` uses.
  private static let fixed: Set = [
    "type", "version", "parameters", "parameter", "reference", "numericReference", "ipv4OrPrefix",
    "ipv6OrPrefix", "ipv4", "ipv6", "ipv4Prefix", "ipv6Prefix", "isUnspecified", "isMulticast",
    "isLoopback", "nftablesEntry",
  ]

  private static func takesReferences(_ pattern: String) -> Bool {
    pattern.contains("\\$\\{") || (try? Regex(pattern).firstMatch(in: "${X}")) != nil
  }

  /// Otherwise the tests above would miss a key that nobody described.
  @Test func everyKeyIsDescribed() throws {
    let document = try Document(readFile(Self.schema))
    defer { withExtendedLifetime(document) {} }
    let definitions = document.root["$defs"]!.members!.map { ($0.key, $0.value) }
    for (name, definition) in definitions + [("root", document.root)] {
      #expect(definition["description"]?.string?.isEmpty == false, "\(name)")
      for (key, property) in definition["properties"]?.members.map(Array.init) ?? []
      where property["$ref"]?.string != "#/$defs/comment" {
        let text = property["description"]?.string ?? ""
        #expect(!text.isEmpty, "\(name).\(key)")
        #expect(
          property["default"] != nil
            || ["Required", "Default", "Unstated"].contains {
              text.contains($0)
            },
          "\(name).\(key) says nothing about its default")
      }
    }
  }
}
