internal import JSON
internal import Model

extension CrossCheck {
  /// A link can be made only after those that it needs: the link below it, and its master.
  func checkCycles() {
    let section = contents[Link.self]
    let positions = Dictionary(
      section.items.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    let needs = section.items.map { link -> [(key: Pointer.Component, link: LinkName)] in
      var needs: [(key: Pointer.Component, link: LinkName)] = []
      if let lower = link.lower { needs.append((.key(link.lowerKey), lower)) }
      if let master = link.master { needs.append(("master", master)) }
      return needs
    }

    var isDone = Array(repeating: false, count: needs.count)
    var depths: [Int: Int] = [:]
    // Iterative rather than recursive: the file determines the depth.
    for start in needs.indices where !isDone[start] {
      var path = [(position: start, next: 0)]
      depths[start] = 0
      while let (position, next) = path.last {
        guard next < needs[position].count else {
          isDone[position] = true
          depths[position] = nil
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let need = needs[position][next]
        if need.link == section.items[position].name {
          findings.report(
            at: section.pointer(position, need.key), "\"\(need.link)\" can't be over itself")
          continue
        }
        guard let target = positions[need.link], !isDone[target] else { continue }
        if let depth = depths[target] {
          let names = path[depth...].map { section.items[$0.position].name.text }
          findings.report(
            at: section.pointer(position, need.key),
            "a circle of links, each of which needs the next: "
              + (names + [need.link.text]).joined(separator: " -> "))
        } else {
          depths[target] = path.count
          path.append((target, 0))
        }
      }
    }
  }
}
