extension String {
  /// The text on one line of at most `most` characters, without what a terminal would act on.
  func bounded(to most: Int) -> String {
    // A character may have any number of scalars: limiting scalars limits both.
    let scalars = unicodeScalars.prefix(most + 1)
    let isPlain = scalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f }
    if isPlain, scalars.count <= most { return self }
    var text = ""
    for scalar in scalars.prefix(scalars.count > most ? most - 3 : most) {
      text.unicodeScalars.append(scalar.isShown ? scalar : "?")
    }
    return scalars.count > most ? text + "..." : text
  }
}

extension Unicode.Scalar {
  /// Whether it is visible or a space, and affects nothing around it.
  fileprivate var isShown: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .nonspacingMark, .enclosingMark:
      false
    default: true
    }
  }
}
