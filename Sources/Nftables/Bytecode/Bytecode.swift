extension Nftables {
  /// What the kernel holds of a table: expressions of its nftables machine, as plain values.
  public enum Bytecode {}
}
