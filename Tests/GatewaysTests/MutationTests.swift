import Blueprints
import Model
import State
import TestSupport
import Testing

/// Whatever a file contains, it is read or refused, and what is read can be expanded.
@Suite struct MutationTests {
  static let corpus =
    #filePath.prefix(#filePath.count - "/GatewaysTests/MutationTests.swift".count)
    + "/StateTests/Corpus/good/"
  static let names =
    ((try? fileNames(in: String(corpus), ending: ".json")) ?? []).filter {
      $0.hasPrefix("gateways-")
    }

  @Test func thereAreFiles() { #expect(Self.names.count >= 5) }

  @Test(arguments: names)
  func mutatedSectionsNeverCrash(_ name: String) throws {
    let text = String(decoding: try readFile(Self.corpus + name), as: UTF8.self)
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let values = words.indices.filter { position in
      !words[position].hasSuffix(":") && words[position].contains { $0.isNumber || $0 == "\"" }
    }
    let others = [
      "0", "1", "64", "65", "4294967295", "-1", "true", "null", "[]", "{}", "\"\"", "\"0x0\"",
      "\"0xffffffff\"", "\"0xfffffeff\"", "\"255.255.255.192/26\"", "\"ffff::/122\"", "\"all\"",
      "\"0.0.0.0/1\"", "\"::/1\"", "\"fd24::1\"", "\"192.168.25.128\"", "\"ecmp\"", "\"single\"",
      "[\"net0\",\"net0\"]", "{\"addresses\":\"10.0.0.0/26\"}",
    ]
    var state: UInt64 = 1
    func next(_ count: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % count
    }
    var read = 0
    for _ in 0..<600 {
      var mutated = words
      for _ in 0...next(2) {
        let position = values[next(values.count)]
        let word = others[next(others.count)]
        let rest = words[position].reversed().prefix { "],}\n".contains($0) }
        mutated[position] = word + String(rest.reversed())
      }
      guard let desiredState = try? StateFile.decode(Array(mutated.joined(separator: " ").utf8))
      else { continue }
      read += 1
      let signals = Dictionary(
        uniqueKeysWithValues: desiredState.probes.map { ($0.signal, Signal.State.up) })
      let expanded = desiredState.expanded(given: signals)
      #expect(desiredState.blueprints[Gateways.self] == nil || !expanded.rules.isEmpty)
    }
    #expect(read > 5)
  }
}
