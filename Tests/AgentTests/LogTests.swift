import Testing

@testable import Agent

struct LogTests {
  @Test func valuesAreQuotedWhereTheyMustBe() {
    #expect(
      Log.line(.info, "step", ["verb": "create", "object": "rule 1000", "reason": nil])
        == "level=info event=step verb=create object=\"rule 1000\"\n")
  }

  @Test(arguments: ["a\nlevel=error", "a\u{2028}b", "a\u{85}b", "\u{1b}[31m"])
  func aValueNeverEndsTheLineOrSpeaksToTheTerminal(text: String) {
    let line = Log.line(.info, "x", ["value": text])
    #expect(line.unicodeScalars.filter { $0 == "\n" }.count == 1)
    #expect(
      !line.unicodeScalars.contains {
        $0.value < 0x20 && $0 != "\n" || $0 == "\u{85}" || $0 == "\u{2028}"
      })
  }

  @Test func metricsAreInPrometheusFormat() {
    var metrics = Metrics()
    metrics.declare("b_total", .counter, "Second.")
    metrics.declare("a_seconds", .histogram, "First.")
    metrics.add("b_total", [Metrics.Label("kind", "a\"b")])
    metrics.add("b_total", [Metrics.Label("kind", "a\"b")], 2)
    metrics.observe("a_seconds", [], .milliseconds(20))
    let lines = metrics.text.split(separator: "\n").map(String.init)
    #expect(lines.first == "# HELP a_seconds First.")
    #expect(lines.contains("a_seconds_bucket{le=\"0.025\"} 1"))
    #expect(lines.contains("a_seconds_bucket{le=\"0.01\"} 0"))
    #expect(lines.contains("a_seconds_bucket{le=\"+Inf\"} 1"))
    #expect(lines.contains("a_seconds_sum 0.02"))
    #expect(lines.last == "b_total{kind=\"a\\\"b\"} 3")
  }
}
