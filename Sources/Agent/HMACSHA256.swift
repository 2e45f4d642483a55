internal import Crypto
import VRRP

/// HMAC-SHA256 by swift-crypto, as VRRP's authentication wants it.
enum HMACSHA256 {
  static let code: VRRP.HMAC = { key, message in
    let secret = key.withUnsafeBytes { SymmetricKey(data: $0) }
    let made = message.withUnsafeBytes {
      Crypto.HMAC<SHA256>.authenticationCode(for: $0, using: secret)
    }
    var code = InlineArray<32, UInt8>(repeating: 0)
    for (index, byte) in made.enumerated() { code[index] = byte }
    return code
  }
}
