/// What counts as equal, with a line on where each number comes from.
module LoRi.Math.Tests.Tolerances

/// A few dozen float64 operations, each with a relative error of 1e-16, on numbers of the same size.
let algebra = 1e-12

/// Iterative factorisations stop at 1e-15 of the largest entry; their products are a little worse.
let spectral = 1e-10

/// Quotients of sums in another order.
let loss = 1e-9

/// Projectors inherit the gap between eigenvalues.
let projector = 1e-7

/// Central differences with a step of 1e-5: truncation and cancellation are both near 1e-9 of the loss.
let centralDifference = 2e-6
