/// Collects every repeated key in one walk over a text that jansson accepts.
struct DuplicateSearch {
  private var scanner: Scanner
  private var path = Pointer()
  private var found: [(pointer: Pointer, offset: Int)] = []

  static func duplicates(in text: Scanner) -> [Document.Duplicate] {
    var search = DuplicateSearch(scanner: text)
    // The text is known to be valid; should jansson and the scanner ever disagree, what was found
    // so far stays.
    do throws(Fault) { try search.visit() } catch {}
    let places = Place.places(of: search.found.map(\.offset), in: text.text)
    return search.found.map { .init(pointer: $0.pointer, place: places[$0.offset]!) }
  }

  private init(scanner: Scanner) {
    self.scanner = scanner
  }

  private mutating func visit() throws(Fault) {
    switch try scanner.begin() {
    case .scalar: break
    case .array:
      var index = 0
      while try scanner.nextElement() {
        path.components.append(.index(index))
        try visit()
        path.components.removeLast()
        index += 1
      }
    case .object:
      var seen: Set<Pointer.Component> = []
      while let key = try scanner.nextKey() {
        let component = Pointer.Component.key(scanner.string(key))
        path.components.append(component)
        if !seen.insert(component).inserted { found.append((path, key.lowerBound)) }
        try visit()
        path.components.removeLast()
      }
    }
  }
}
