extension String {
  /// One line of at most so many characters, without what a terminal would act on.
  func bounded(to most: Int) -> String {
    // A character may have any number of scalars: so few bound both.
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
  /// Whether it is a mark on a screen or a space, and changes nothing around it.
  fileprivate var isShown: Bool {
    switch properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
      .paragraphSeparator, .nonspacingMark, .enclosingMark:
      false
    default: true
    }
  }
}
