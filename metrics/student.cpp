#include "metrics/student.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace isoframe::metrics {

namespace {

namespace math = boost::math;

/// Doubles stay doubles: tails need no more digits, and long double takes ten times as long.
using Policy = math::policies::policy<math::policies::promote_double<false>>;
using Student = math::students_t_distribution<double, Policy>;

}  // namespace

double student_quantile(double probability, double degrees_of_freedom) {
  return math::quantile(math::complement(Student(degrees_of_freedom), 1.0 - probability));
}

double student_two_sided(double t, double degrees_of_freedom) {
  if (std::isinf(t)) return 0.0;
  return 2.0 * math::cdf(math::complement(Student(degrees_of_freedom), std::abs(t)));
}

}  // namespace isoframe::metrics
