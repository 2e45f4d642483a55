internal import JSON
internal import Model

extension CrossCheck {
  /// A link that an object names must be declared, so that a typo is found before the kernel is
  /// asked for a link that will never exist.
  func checkLink(_ name: LinkName, at pointer: @autoclosure () -> Pointer) {
    guard let problem = linkSearch?.problem(with: name) else { return }
    findings.report(at: pointer(), problem)
  }

  func checkLinks<R: Resource>(
    of _: R.Type, _ links: (R) -> [(name: LinkName?, key: String)]
  ) {
    let section = contents[R.self]
    for (position, item) in section.items.enumerated() {
      for case (let name?, let key) in links(item) {
        checkLink(name, at: section.pointer(position, .key(key)))
      }
    }
  }
}

/// Looks links up by name. Looking up the same one again and again, as routes do, costs nothing.
// A class, since all checks share one.
final class LinkSearch {
  let known: Set<LinkName>
  let altnames: [String: LinkName]
  private var last = LinkName.loopback
  private var sentences: [LinkName: String] = [:]

  /// Searches the file's links; nil if there may be links that couldn't be read.
  init?(_ contents: Contents, implied: Set<LinkName>) {
    guard let unread = contents.unreadLinks else { return nil }
    let links = contents[Link.self].items
    known = implied.union(links.map(\.name)).union(unread.compactMap(LinkName.init))
    altnames = links.reduce(into: [:]) { altnames, link in
      for altname in link.altnames ?? [] { altnames[altname] = link.name }
    }
  }

  func isKnown(_ name: LinkName) -> Bool {
    if name == last { return true }
    guard known.contains(name) else { return false }
    last = name
    return true
  }

  func problem(with name: LinkName) -> String? {
    if isKnown(name) { return nil }
    if let sentence = sentences[name] { return sentence }
    var sentence = "link \"\(name)\" isn't declared in \"links\""
    if let link = altnames[name.text] {
      sentence += ": it is an altname of \"\(link)\", which is the name to use"
    } else if sentences.count < 100,  // a wrong file mustn't compare all names with all links
      let nearest = Spelling.nearest(to: name.text, among: known.map(\.text))
    {
      sentence += "; did you mean \"\(nearest)\"?"
    } else {
      sentence += "; if something else makes it, add { \"name\": \"\(name)\", \"managed\": false }"
    }
    sentences[name] = sentence
    return sentence
  }
}
