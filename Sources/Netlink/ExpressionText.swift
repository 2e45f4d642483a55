internal import CLinux
internal import CNftnl

/// Prints an expression of a rule as libnftnl does: `cmp eq reg 1 0x00000006`.
public enum ExpressionText {
  /// `put` writes the expression's name and attributes; nil if libnftnl doesn't know it.
  public static func text(_ put: (Batch) -> Void) -> String? {
    let batch = Batch(capacity: 1 << 10)
    batch.netfilterRequest(NFTMessage.newRule, family: 0) {
      $0.nest(NFTARule.expressions) { $0.nest(NFTAList.elem, put) }
    }
    // libnftnl rejects the whole rule for one expression that it can't parse, so each has a rule of
    // its own.
    guard batch.count > 0, let rule = nftnl_rule_alloc() else { return nil }
    defer { nftnl_rule_free(rule) }
    let isParsed = withExtendedLifetime(batch) {
      nftnl_rule_nlmsg_parse(batch.base.assumingMemoryBound(to: nlmsghdr.self), rule) == 0
    }
    guard isParsed, let expressions = nftnl_expr_iter_create(rule)
    else { return nil }
    defer { nftnl_expr_iter_destroy(expressions) }
    guard let expression = nftnl_expr_iter_next(expressions),
      let name = nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME))
    else { return nil }
    // Names take at most 256 bytes, values 64.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { buffer in
      let start = buffer.baseAddress!
      start.pointee = 0
      guard nftnl_expr_snprintf(start, buffer.count, expression, 0, 0) >= 0 else { return nil }
      let text = String(cString: name) + " " + String(cString: start)
      return text.last == " " ? String(text.dropLast()) : text
    }
  }
}
