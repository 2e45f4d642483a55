internal import JSON
internal import Model

enum NftablesSection: SectionReader {
  static let key = "nftables"

  static func read(_ file: inout ObjectReader<FileKey>, into contents: inout Contents) {
    guard let value = file.value(fileKey) else { return }
    let (tables, pointers) = NftablesReader.sections(
      value, at: Pointer([.key(key)]), into: file.findings)
    var section = Section<NftablesTable>(key)
    for (index, table) in tables.enumerated() {
      section.append(Declared(table, when: nil), at: .index(index))
    }
    contents[NftablesTable.self] = section
    contents.tablePointers = pointers
  }

  static func check(_ check: CrossCheck) { check.checkTables() }

  static func tree(_ state: NetworkState) -> Tree? {
    state.tables.isEmpty ? nil : NftablesWriter.section(state.tables)
  }
}
