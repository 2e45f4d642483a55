import Model

/// Told what becomes of blueprints, for metrics beside those that each blueprint has.
protocol BlueprintObserver: Sendable {
  /// A state file was taken.
  func update(_ desired: DesiredState)
  /// On the loop's thread, after it has looked at the kernel or followed signals.
  func note(_ availability: Availability, of blueprint: any Blueprint, _ pass: BlueprintPass)
}

/// What a look meant to a blueprint.
struct BlueprintPass: Sendable {
  /// Nil: nothing of it was to be changed.
  let isGood: Bool?
  let duration: Duration
}
