import Glibc
import JSON
import Model
import State
import TestSupport
import Testing

/// `RECORD=1 swift test --filter StateTests` writes the present messages, whose diff is then read.
@Suite struct CorpusTests {
  @Test func corpusIsThere() {
    #expect(Corpus.good.count >= 40)
    #expect((Corpus.bad + Corpus.beyondSchema).count >= 160)
  }

  @Test(arguments: Corpus.good)
  func goodFileDecodes(name: String) throws {
    do {
      _ = try StateFile.decode(Corpus.bytes(name), parameters: Corpus.parameters)
    } catch let problems as Problems {
      Issue.record("\(problems)")
    }
  }

  @Test(arguments: Corpus.bad + Corpus.syntax + Corpus.beyondSchema)
  func badFileIsRefusedWithTheseWords(name: String) throws {
    let file = String(name.split(separator: "/").last!)
    let golden = Corpus.directory + name.dropLast(".json".count) + ".txt"
    var said = ""
    do {
      _ = try StateFile.decode(Corpus.bytes(name), parameters: Corpus.parameters)
    } catch let problems as Problems {
      said = problems.list.map { "\(file):\($0)\n" }.joined()
    }
    #expect(said != "")
    if getenv("RECORD") != nil { try writeFile(golden, said) }
    #expect(try said == String(decoding: readFile(golden), as: UTF8.self))
  }

  @Test(arguments: Corpus.good)
  func encodedFileDecodesToTheSame(name: String) throws {
    let desiredState = try StateFile.decode(Corpus.bytes(name), parameters: Corpus.parameters)
    // Once with every signal up, once with every signal down.
    for state in [Signal.State.up, .down] {
      let configuration = desiredState.expanded(
        given: desiredState.signals.reduce(into: [:]) { $0[$1] = state })
      let text = StateFile.encode(configuration).text()
      let again = try StateFile.decode(
        Array(text.utf8), checkingTogether: !desiredState.isConditional)
      #expect(!again.isConditional)
      var plain = configuration
      // Only the section tells whose tables they are.
      plain.claimedTables = []
      // And only the condition, that an address is leased.
      for index in plain.addresses.indices { plain.addresses[index].lease = .none }
      #expect(sorted(again.expanded()) == sorted(plain))
    }
  }

  @Test func thirtyMistakesAreThirtyProblems() throws {
    #expect {
      try StateFile.decode(Corpus.bytes("bad/thirty.json"))
    } throws: { error in
      let list = (error as? Problems)?.list ?? []
      return list.count == 30 && Set(list.map { $0.pointer?.description }).count >= 25
    }
  }
}
