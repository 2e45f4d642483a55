// What libFuzzer runs: any bytes are read as a state file, or as a VRRP packet if FUZZ_TARGET is
// `vrrp`. It is one program, since building it takes longer than running it. Traps, reports of the
// address sanitizer and failed laws are all found as crashes.
import Glibc
import JSON
import Model
import State

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  if isVRRP {
    anyPacketIsReadOrRefused(bytes)
    return 0
  }
  writtenDocumentIsReadAsItWas(bytes)
  encodedStateIsDecodedAsItWas(bytes)
  return 0
}

private let isVRRP = getenv("FUZZ_TARGET").map { String(cString: $0) == "vrrp" } ?? false

private func writtenDocumentIsReadAsItWas(_ bytes: [UInt8]) {
  guard let document = try? Document(bytes) else { return }
  let tree = Tree(document.root)
  for text in [tree.text(), tree.compact] {
    guard let again = try? Document(Array(text.utf8)) else { fatalError("unreadable: \(text)") }
    guard Tree(again.root) == tree else { fatalError("reads otherwise: \(text)") }
  }
  precondition(document.duplicates.allSatisfy { $0.place.line > 0 })
}

private func encodedStateIsDecodedAsItWas(_ bytes: [UInt8]) {
  let desiredState: DesiredState
  do throws(Problems) {
    desiredState = try StateFile.decode(bytes)
  } catch {
    precondition(!error.list.isEmpty && !error.list.map(\.description).contains(""))
    return
  }
  let configuration = desiredState.expanded(
    given: desiredState.signals.reduce(into: [:]) { $0[$1] = .up })
  // NftablesTests hold tables to this law; they know nft's many ways of writing one thing.
  guard configuration.tables.isEmpty else { return }
  let text = StateFile.encode(configuration).text()
  do throws(Problems) {
    // What is left by signals needn't be a file that somebody may write.
    let again = try StateFile.decode(
      Array(text.utf8), checkingTogether: !desiredState.isConditional
    ).expanded()
    guard again.sorted == configuration.sorted else { fatalError("decodes otherwise: \(text)") }
  } catch {
    fatalError("doesn't decode: \(error)\n\(text)")
  }
}

extension NetworkState {
  /// Sorted by identity, as it is written.
  fileprivate var sorted: NetworkState {
    func sorted<R: Resource>(_ objects: [R]) -> [R] { objects.sorted { $0.id < $1.id } }
    var configuration = self
    configuration.sysctls = sorted(sysctls)
    configuration.links = sorted(links)
    configuration.addresses = sorted(addresses)
    configuration.neighbors = sorted(neighbors)
    configuration.fdb = sorted(fdb)
    configuration.nexthops = sorted(nexthops)
    configuration.routes = sorted(routes)
    configuration.rules = sorted(rules)
    configuration.ipvsServices = sorted(ipvsServices)
    return configuration
  }
}
