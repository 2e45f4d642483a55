internal import Model
internal import Netlink
internal import Nftables

extension Batch {
  func put(_ element: ElementProgram) {
    nest(NFTAList.elem) {
      if element.flags != 0 { $0.put(NFTAElement.flags, big: element.flags) }
      if !element.key.isEmpty {
        $0.nest(NFTAElement.key) { $0.put(NFTAData.value, element.key) }
      }
      if let end = element.keyEnd {
        $0.nest(NFTAElement.keyEnd) { $0.put(NFTAData.value, end) }
      }
      switch element.data {
      case nil: break
      case .verdict(let verdict)?: $0.nest(NFTAElement.data) { $0.put(verdict) }
      case .value(let bytes)?: $0.nest(NFTAElement.data) { $0.put(NFTAData.value, bytes) }
      case .object(let name)?: $0.put(NFTAElement.objref, name)
      }
      if let timeout = element.timeout { $0.put(NFTAElement.timeout, big: timeout) }
      if !element.userData.isEmpty { $0.put(NFTAElement.userdata, bytes: element.userData) }
      if element.statements.count == 1 {
        $0.nest(NFTAElement.expr) { $0.put(content: element.statements[0], [:]) }
      } else if !element.statements.isEmpty {
        $0.nest(NFTAElement.expressions) {
          for statement in element.statements { $0.put(statement, in: NFTAList.elem, [:]) }
        }
      }
    }
  }

  /// Without an array for each: there may be a hundred thousand.
  private func put(_ type: UInt16, _ bytes: ElementBytes) {
    withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: 1) { buffer in
      buffer.copyBytes(from: bytes)
      put(type, bytes: UnsafeRawBufferPointer(buffer))
    }
  }

  func put(_ verdict: Nftables.Verdict) {
    nest(NFTAData.verdict) {
      $0.put(NFTAVerdict.code, big: UInt32(bitPattern: verdict.code))
      if let target = verdict.target { $0.put(NFTAVerdict.chain, target) }
    }
  }
}

extension Nftables.Verdict {
  /// `NF_*` and `enum nft_verdicts`.
  var code: Int32 {
    switch self {
    case .drop: 0
    case .accept: 1
    case .continue: -1
    case .jump: -3
    case .goto: -4
    case .return: -5
    }
  }

  init?(code: Int32, chain: String?) {
    switch (code, chain) {
    case (0, _): self = .drop
    case (1, _): self = .accept
    case (-1, _): self = .continue
    case (-3, let chain?): self = .jump(chain)
    case (-4, let chain?): self = .goto(chain)
    case (-5, _): self = .return
    default: return nil
    }
  }
}

extension ElementProgram {
  /// The most bytes that it takes in a message.
  var size: Int {
    var bytes = 96 + key.count + (keyEnd?.count ?? 0) + userData.count + statements.count * 200
    switch data {
    case nil: break
    case .verdict?: bytes += 280
    case .value(let value)?: bytes += value.count + 16
    case .object(let name)?: bytes += name.utf8.count + 16
    }
    return bytes
  }
}
