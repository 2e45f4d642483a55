import Testing

@testable import Agent

struct LogTests {
  @Test func valuesAreQuotedWhereTheyMustBe() {
    #expect(
      Log.line(.info, "step", ["verb": "create", "object": "rule 1000", "reason": nil])
        == "level=info event=step verb=create object=\"rule 1000\"\n")
  }

  @Test(arguments: [
    "a\nlevel=error", "a\u{2028}b", "a\u{85}b", "\u{1b}[31m", "\u{9b}31m", "a\u{202e}b",
  ])
  func aValueCannotEndTheLineOrControlTheTerminal(text: String) {
    let line = Log.line(.info, "x", ["value": text])
    #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1)
    #expect(
      !line.unicodeScalars.contains {
        $0.value < 0x20 && $0 != "\n" || (0x7f...0x9f).contains($0.value) || $0 == "\u{2028}"
          || $0 == "\u{202e}"
      })
  }

  @Test func aLineBeginsWithItsTime() throws {
    let lines = Lines()
    Log(sink: lines.add).info("start", ["file": "a b"])
    let line = try #require(lines.all.first)
    let pattern =
      #/time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info event=start file="a b"\n/#
    #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    // date -u -d @1767225599 +%FT%TZ
    #expect(WallClock(seconds: 1_767_225_599, milliseconds: 7).text == "2025-12-31T23:59:59.007Z")
  }

  @Test func asJSONALineIsAnObject() {
    #expect(
      Log.object("T", .warning, "x", ["a": "b\n\u{9b}", "n": 3, "yes": true, "none": nil])
        == #"{"time":"T","level":"warning","event":"x","a":"b\n\u009b","n":3,"yes":true}"# + "\n")
  }

  @Test func metricsAreInPrometheusFormat() {
    var metrics = Metrics()
    let counter = Counter("b_total", "Second.")
    metrics.add(counter, [Metrics.Label("kind", "a\"b")])
    metrics.add(counter, [Metrics.Label("kind", "a\"b")], 2)
    metrics.observe(Histogram("a_seconds", "First."), .milliseconds(20))
    let lines = metrics.text.split(separator: "\n").map(String.init)
    #expect(lines.first == "# HELP a_seconds First.")
    #expect(lines.contains("a_seconds_bucket{le=\"0.025\"} 1"))
    #expect(lines.contains("a_seconds_bucket{le=\"0.01\"} 0"))
    #expect(lines.contains("a_seconds_bucket{le=\"+Inf\"} 1"))
    #expect(lines.contains("a_seconds_sum 0.02"))
    #expect(lines.last == "b_total{kind=\"a\\\"b\"} 3")
  }
}
