internal import JSON
internal import Model

enum SignalsKey: Int, ObjectKey {
  case deadline

  static let names = spelledNames()
  static let example = "{ \"deadline\": \"30s\" }"
}

enum ProbeSection: SectionReader {
  static let key = "probes"
  static let source: Signal.Source? = .probe

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    let isRead = file.eachNamed(fileKey, probeNameForm) { findings, name, value in
      contents.probeNames?.insert(name)
      var reader = ObjectReader<ProbeKey>(findings, "probe")
      guard reader.open(value), let probe = reader.probe(named: name) else { return }
      contents.probes.append(probe)
    }
    if !isRead, file.has(fileKey) { contents.probeNames = nil }
    contents.probes.sort { $0.name < $1.name }
  }

  static func check(_ check: CrossCheck) {
    for probe in check.contents.probes {
      let place = Pointer([.key(key), .key(probe.name)])
      if let link = probe.link { check.checkLink(link, at: place.appending("link")) }
      for link in probe.addressSources.compactMap(\.link) {
        check.checkLink(link, at: place.appending(.key(ProbeKey.publicAddress.name)))
      }
    }
  }

  static func signals(_ check: CrossCheck) -> SignalNames? {
    check.contents.probeNames.map { SignalNames(noun: "probe", declared: $0) }
  }
}

/// Settings that apply to all signals.
enum SignalsSection: SectionReader {
  static let key = "signals"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    contents.deadline =
      file.object(fileKey, "object of signals") { $0.deadline() } ?? DesiredState.defaultDeadline
  }
}

extension ObjectReader<SignalsKey> {
  fileprivate mutating func deadline() -> Duration? {
    optional(.deadline, .duration(.zero ... .seconds(86_400), step: .milliseconds(1))) ?? nil
  }
}

extension TextForm<String> {
  /// A name that the file chooses: at most `most` letters, digits and a few other characters.
  static func name(of thing: String, most: Int) -> TextForm<String> {
    TextForm(what: "a \(thing)'s name") { text throws(Mismatch) in
      let isSound = text.utf8.allSatisfy { $0.isAlphanumeric || "_-.".utf8.contains($0) }
      guard isSound, (1...most).contains(text.utf8.count), !"_-.".contains(text.first!) else {
        throw Mismatch(
          "\(quoted(text)) is no \(thing)'s name: 1 to \(most) letters, digits, \"-\", \"_\" and "
            + "\".\", the first a letter or digit")
      }
      return text
    }
  }
}

/// A probe's name, and so its signal's.
let probeNameForm = TextForm.name(of: "probe", most: 63)
