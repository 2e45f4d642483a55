import Glibc
import Model
import Nftables

/// One of libnftnl's attributes of an object, with a value of its width.
struct NftnlRow {
  enum Value {
    case byte(UInt8)
    case half(UInt16)
    case word(UInt32)
    case long(UInt64)
    case text(String)
    case bytes([UInt8])
    /// Names of devices.
    case texts([String])
  }

  let attribute: UInt16
  /// Nil if it isn't stated.
  let value: Value?

  init(_ attribute: Int, _ value: Value?) {
    self.attribute = UInt16(attribute)
    self.value = value
  }

  init(_ attribute: Int, _ register: Register?) {
    self.init(attribute, register.map { .word($0.number) })
  }

  /// `set` is the library's function for this kind of object.
  func tell(_ set: (UInt16, UnsafeRawPointer?, UInt32) -> Void) {
    func tell<T: BitwiseCopyable>(_ number: T) {
      withUnsafeBytes(of: number) { set(attribute, $0.baseAddress, UInt32($0.count)) }
    }
    switch value {
    case nil: break
    case .byte(let number)?: tell(number)
    case .half(let number)?: tell(number)
    case .word(let number)?: tell(number)
    case .long(let number)?: tell(number)
    case .text(let text)?: text.withCString { set(attribute, $0, UInt32(text.utf8.count + 1)) }
    case .bytes(let bytes)?:
      bytes.withUnsafeBytes { set(attribute, $0.baseAddress, UInt32($0.count)) }
    case .texts(let texts)?:
      var copies: [UnsafePointer<CChar>?] = texts.map { UnsafePointer(strdup($0)) }
      defer { for copy in copies { free(UnsafeMutablePointer(mutating: copy)) } }
      copies.append(nil)
      copies.withUnsafeBytes { set(attribute, $0.baseAddress, UInt32($0.count)) }
    }
  }
}
