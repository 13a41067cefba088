#pragma once
// Student's t distribution: bounds of a mean whose spread is known from few samples.

namespace isoframe::metrics {

/// The t that a statistic of so many degrees of freedom, which need not be whole, stays below with
/// `probability`; exact however near to 1 that is.
double student_quantile(double probability, double degrees_of_freedom);

/// Chance that |t| is as large as this; 0 for an infinite one.
double student_two_sided(double t, double degrees_of_freedom);

}  // namespace isoframe::metrics
