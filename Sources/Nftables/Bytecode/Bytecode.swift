extension Nftables {
  /// A table as the kernel holds it: instructions of its nftables machine, as plain values.
  public enum Bytecode {}
}
