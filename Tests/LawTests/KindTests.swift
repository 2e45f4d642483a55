import JSON
import Model
import TestSupport
import Testing

@testable import Kernel

/// A kind has one line in each registry, and nothing else lists kinds.
@Suite struct KindTests {
  private static let checkout = String(#filePath.dropLast("/Tests/LawTests/KindTests.swift".count))

  @Test func theKernelsRegistryHasEveryKindOnce() {
    #expect(KernelKinds.all.count == Kind.all.count)
    #expect(Set(KernelKinds.all.map { $0.kind }) == Set(Kind.all))
  }

  @Test(arguments: cases)
  func itsSectionIsRead(_ law: Case) throws {
    #expect(try !law.file(law.object).isEmpty(of: law.kind))
  }

  /// Whatever a plan can show of an object can be stated: the schema has the key below the section.
  @Test func theSchemaKnowsItsSectionAndItsProperties() throws {
    let document = try Document(readFile(Self.checkout + "/schemas/state.json"))
    defer { withExtendedLifetime(document) {} }
    for kind in Kind.all {
      let sections = Set(allCases.filter { $0.kind == kind }.map(\.section))
      var words: Set<String> = []
      for section in sections {
        var value = document.root
        for part in section.split(separator: "/") {
          value = try #require(
            Self.resolved(value, document.root)["properties"]?[String(part)],
            "the schema has no section \(section)")
        }
        var seen: Set<String> = []
        Self.collect(value, document.root, &words, &seen)
      }
      for name in kind.type.propertyNames where !Self.unstated.contains("\(kind.name) \(name)") {
        #expect(words.contains(name), "\(kind.name): the schema has no \(name)")
      }
    }
  }

  /// Properties that the file states as a member's key, or in the words of libnftables-json(5).
  private static let unstated: Set = [
    "sysctl key", "nftables family", "nftables name", "nftables content", "ipvs-timeout state",
    "ipvs-timeout value", "ipvs-sync role",
  ]

  private static func resolved(_ value: JSON.Value, _ root: JSON.Value) -> JSON.Value {
    guard let reference = value["$ref"]?.string else { return value }
    return root["$defs"]![String(reference.split(separator: "/").last!)]!
  }

  /// Collects the names of all properties in a part of the schema, and all constants.
  private static func collect(
    _ value: JSON.Value, _ root: JSON.Value, _ words: inout Set<String>, _ seen: inout Set<String>
  ) {
    if let reference = value["$ref"]?.string, !seen.insert(reference).inserted { return }
    let value = resolved(value, root)
    if let properties = value["properties"]?.members {
      for property in properties { words.insert(property.key) }
    }
    if let members = value.members {
      for member in members { collect(member.value, root, &words, &seen) }
    }
    if let elements = value.elements {
      for element in elements { collect(element, root, &words, &seen) }
    }
  }

  /// A file that names four kinds is a list of kinds, and the next kind would be missing from it.
  @Test func noOtherFileListsKinds() throws {
    let registries = ["Model/Kind.swift", "Kernel/KernelKind.swift", "Plan/Comparison.swift"]
    let names = Kind.all.map { "\($0.type)" }
    for path in try sources(below: Self.checkout + "/Sources")
    where !registries.contains(where: path.hasSuffix) && !path.contains("/Kinds/") {
      let text = String(decoding: try readFile(path), as: UTF8.self)
      let asked = names.filter { name in
        ["as? \(name)", "is \(name)", "as(\(name).self)", "\(name).kind"].contains { test in
          text.ranges(of: test).contains { !(text[$0.upperBound...].first?.isLetter ?? false) }
        }
      }
      #expect(asked.count < 4, "\(path) asks for \(asked)")
    }
  }

  private func sources(below directory: String) throws -> [String] {
    try sh("find \(directory) -name *.swift").split(separator: "\n").map(String.init)
  }
}

extension Resource {
  fileprivate static var propertyNames: [String] { properties.map { $0.name } }
}
