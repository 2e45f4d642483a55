import Model
import TestSupport
import Testing

@testable import Agent

struct ProbeNotesTests {
  private static let signal = Signal(.probe, "gw0")

  @Test func aNoteIsLoggedOnceWhileItHolds() {
    let notes = ProbeNotes(Log())
    #expect(notes.news(of: Self.signal, [], .seconds(1)) == [])
    #expect(notes.news(of: Self.signal, ["a", "b"], .seconds(2)) == ["a", "b"])
    for second in 3..<500 {
      #expect(notes.news(of: Self.signal, ["a", "b"], .seconds(second)) == [])
    }
    #expect(notes.news(of: Signal(.probe, "gw1"), ["a"], .seconds(500)) == ["a"])
    // It is over, and so is logged again when it returns.
    #expect(notes.news(of: Self.signal, ["b"], .seconds(500)) == [])
    #expect(notes.news(of: Self.signal, ["a", "b"], .seconds(600)) == ["a"])
  }

  /// Whoever is asked decides what there is to note.
  @Test func aNoteThatChangesInEachAttemptIsLoggedOnceAMinute() {
    let notes = ProbeNotes(Log())
    var lines = 0
    for second in 0..<600 {
      lines += notes.news(of: Self.signal, ["\(second)"], .seconds(second)).count
    }
    #expect(lines == 10)
  }
}
