import JSON
import Model
import State
import Testing

/// What a string with references becomes.
@Suite struct ParameterTests {
  private static let declarations = """
    "INDEX": { "type": "integer", "from": "environment" },
    "MINUS": { "type": "integer", "default": -3 },
    "ROUTER": { "type": "address", "default": "192.168.26.254" },
    "SUBNET": { "type": "prefix", "default": "192.168.24.0/22" },
    "TEXT": { "type": "string", "default": "a" }
    """

  /// The alias of a link is any text, so it shows what the string became.
  private static func text(_ text: String) throws -> String? {
    let file = Tree.string(text).text()
    let state = try StateFile.decode(
      Array(
        """
        { "version": 1, "parameters": { \(declarations) }, "links": [
          { "name": "d0", "type": "dummy", "alias": \(file) },
          { "name": "d1", "type": "dummy",
            "alias": "${INDEX} ${MINUS} ${ROUTER} ${SUBNET} ${TEXT}" } ] }
        """.utf8), parameters: ParameterSources(stated: ["INDEX": "3"]))
    return state.expanded().links.first { "\($0.name)" == "d0" }?.alias
  }

  @Test(arguments: [
    ("x${INDEX}", "x3"), ("${TEXT}${INDEX}${TEXT}", "a3a"), ("${SUBNET}", "192.168.24.0/22"),
    // Escapes.
    ("$${INDEX}", "${INDEX}"), ("$$${INDEX}", "$${INDEX}"), ("$$${INDEX} ${INDEX}", "$${INDEX} 3"),
    ("$ { } $5 $$ ${INDEX}", "$ { } $5 $$ 3"),
    // Addresses.
    ("192.168.26.128+${INDEX}", "192.168.26.131"), ("192.168.26.255+${INDEX}", "192.168.27.2"),
    ("192.168.26.128+${INDEX}/22", "192.168.26.131/22"),
    ("192.168.26.128+${INDEX}/32", "192.168.26.131/32"), ("fd00::1+${INDEX}/128", "fd00::4/128"),
    ("192.168.26.128+${MINUS}", "192.168.26.125"), ("192.168.26.128+${INDEX}+1", "192.168.26.132"),
    ("192.168.26.128+1+${INDEX}", "192.168.26.132"), ("${ROUTER}+1", "192.168.26.255"),
    ("192.168.26.128+${INDEX}/2${INDEX}", "192.168.26.131/23"),
    ("192.168.26.128+${INDEX}/${INDEX}0", "192.168.26.131/30"),
    ("${SUBNET}+${INDEX}", "192.168.24.3/22"), ("192.168.24.0/22+${INDEX}", "192.168.24.3/22"),
    ("fd00::2:ffff+${INDEX}", "fd00::3:2"), ("FD00::1+${INDEX}/64", "fd00::4/64"),
    ("::ffff:192.0.2.1+${INDEX}", "::ffff:192.0.2.4"),
    ("ffff::ffff:ffff:ffff:ffff+${INDEX}", "ffff:0:0:1::2"),
    ("02:00:00:00:00:fe+${INDEX}", "02:00:00:00:01:01"),
    // Within a longer text, but not within a word or a number.
    ("192.168.27.0+${INDEX}-192.168.27.9+${INDEX}", "192.168.27.3-192.168.27.12"),
    ("http://192.0.2.1+${INDEX}:80/", "http://192.0.2.4:80/"),
    ("[fd00::1+${INDEX}]:51820", "[fd00::4]:51820"),
    ("x192.0.2.1+${INDEX}", "x192.0.2.1+3"), ("1.192.0.2.1+${INDEX}", "1.192.0.2.1+3"),
    ("192.0.2.1+${TEXT}", "192.0.2.1+a"), ("192.0.2.1+${ROUTER}", "192.0.2.1+192.168.26.254"),
    ("192.0.2.1+1 ${INDEX}", "192.0.2.1+1 3"), ("192.0.2.1 + ${INDEX}", "192.0.2.1 + 3"),
    // A sum of integers is one only as a whole.
    ("port ${INDEX}+1", "port 3+1"), ("a+${INDEX}", "a+3"), ("01+${INDEX}", "01+3"),
    ("${INDEX}+${TEXT}", "3+a"), ("${INDEX}+", "3+"),
  ])
  func aReferenceIsReplaced(_ source: String, _ result: String) throws {
    #expect(try Self.text(source) == result)
  }

  @Test(arguments: [
    ("${INDEX}", 3), ("${INDEX}+51820", 51_823), ("100+${INDEX}", 103),
    ("${INDEX}+${INDEX}+1", 7), ("100+${MINUS}", 97),
  ])
  func aWholeNumberIsANumber(_ source: String, _ number: Int) throws {
    do {
      _ = try Self.text(source)
      Issue.record("an alias is a string")
    } catch let problems as Problems {
      #expect(problems.list.map(\.message).joined().contains("not the number \(number)"))
    }
  }

  @Test func aValueIsOneScalar() throws {
    for value in ["\", \"mtu\": \"68", "\"}] }", "${INDEX}", "\\u0022", "], [", "a\nb\u{0}"] {
      do {
        let state = try StateFile.decode(
          Array(
            """
            { "version": 1, "parameters": { "TEXT": { "type": "string", "from": "environment" } },
              "links": [{ "name": "d0", "type": "dummy", "alias": "<${TEXT}>" }] }
            """.utf8), parameters: ParameterSources(environment: { _ in Array(value.utf8) }))
        let links = state.expanded().links
        #expect(links.count == 1)
        #expect(links[0].alias == "<\(value)>")
        #expect(links[0].mtu == nil)
      } catch {
        #expect(value.contains("\n"), "\(error)")
      }
    }
  }

  @Test func theCommandLineWinsOverTheEnvironmentAndThatOverTheDefault() throws {
    func mtu(_ sources: ParameterSources) throws -> UInt32? {
      try StateFile.decode(
        Array(
          """
          { "version": 1,
            "parameters": { "MTU": { "type": "integer", "from": "environment", "default": 1400 } },
            "links": [{ "name": "d0", "type": "dummy", "mtu": "${MTU}" }] }
          """.utf8), parameters: sources
      ).expanded().links[0].mtu
    }
    let environment: @Sendable (String) -> [UInt8]? = { $0 == "MTU" ? Array("1500".utf8) : nil }
    #expect(try mtu(ParameterSources()) == 1400)
    #expect(try mtu(ParameterSources(environment: environment)) == 1500)
    #expect(try mtu(ParameterSources(stated: ["MTU": "9000"], environment: environment)) == 9000)
    // The environment counts only for parameters that come from there.
    #expect(
      try StateFile.decode(
        Array(
          """
          { "version": 1, "parameters": { "MTU": { "type": "integer", "default": 1400 } },
            "links": [{ "name": "d0", "type": "dummy", "mtu": "${MTU}" }] }
          """.utf8), parameters: ParameterSources(environment: environment)
      ).expanded().links[0].mtu == 1400)
  }

  @Test func anUnknownNameOnTheCommandLineIsAMistake() throws {
    for (declared, hint) in [
      (
        #""parameters": { "INDEX": { "type": "integer", "default": 1 } },"#,
        "did you mean \"INDEX\"?"
      ),
      ("", "the file declares none"),
    ] {
      do {
        _ = try StateFile.decode(
          Array(
            """
            { "version": 1, \(declared)
              "links": [{ "name": "d\(declared.isEmpty ? "" : "${INDEX}")", "type": "dummy" }] }
            """.utf8), parameters: ParameterSources(stated: ["INDX": "3"]))
        Issue.record("accepted")
      } catch {
        #expect(error.list.count == 1)
        #expect(error.list[0].message.hasPrefix("--set INDX: no such parameter"))
        #expect(error.list[0].message.hasSuffix(hint))
      }
    }
  }

  /// What follows from a missing value isn't reported besides; what doesn't, is.
  @Test func aMissingValueHidesNoOtherMistake() throws {
    do {
      _ = try StateFile.decode(
        Array(
          """
          { "version": 1,
            "parameters": { "MTU": { "type": "integer", "from": "environment" } },
            "links": [{ "name": "d0", "type": "dummy", "mtu": "${MTU}", "mtuu": "${MTU}" },
              { "name": "d${MTU}", "type": "dummy" }, { "name": "d/", "type": "dummy" }],
            "addresses": [{ "link": "d${MTU}", "address": "10.0.0.${MTU}/24" }] }
          """.utf8))
      Issue.record("accepted")
    } catch {
      #expect(
        error.list.map { $0.pointer?.description } == [
          "/parameters/MTU", "/links/0/mtuu", "/links/2/name",
        ], "\(error)")
    }
  }

  /// What `show` prints of a kernel with such names reads as it was.
  @Test func textThatLooksLikeAReferenceIsWrittenEscaped() throws {
    var state = NetworkState()
    for (number, alias) in ["${INDEX}", "$${INDEX}", "$$${", "$5 ${", "$"].enumerated() {
      var link = Link(LinkName("d\(number)")!, .dummy)
      link.alias = alias
      state.links.append(link)
    }
    let text = StateFile.encode(state).text()
    let links = try StateFile.decode(Array(text.utf8)).expanded().links
    #expect(links.map(\.alias) == state.links.map(\.alias))
  }

  /// Nobody finds out by an error what a text from the environment is.
  @Test func errorsKeepTextsOfTheEnvironmentToThemselves() throws {
    for secret in [
      "correct-horse-battery", "pw", "a\u{1b}[2Jb", String(repeating: "s3cret", count: 40),
    ] {
      do {
        _ = try StateFile.decode(
          Array(
            """
            { "version": 1,
              "parameters": { "TOKEN": { "type": "string", "from": "environment" } },
              "links": [{ "name": "${TOKEN}/", "type": "dummy", "mtu": "${TOKEN}" }],
              "addresses": [{ "link": "lo", "address": "10.0.0.${TOKEN}" }],
              "rules": [{ "priority": 9, "from": "${TOKEN}", "lookup": "${TOKEN}", "fwmark": "${TOKEN}" }] }
            """.utf8), parameters: ParameterSources(environment: { _ in Array(secret.utf8) }))
        Issue.record("accepted")
      } catch {
        #expect(error.list.count >= 5)
        for problem in error.list {
          #expect(!problem.description.contains(secret.visible(limit: 20).prefix(17)))
        }
      }
    }
  }
}
