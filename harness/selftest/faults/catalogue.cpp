#include "harness/selftest/faults/catalogue.h"

#include <iterator>

namespace isoframe::harness::selftest::faults {

Faults catalogue() {
  Faults all;
  for (Faults part : {image_faults(), text_faults(), denoising_faults(), attention_faults(),
                      ring_and_tensor_faults(), half_faults(), decoding_faults(), resource_faults()})
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  return all;
}

}  // namespace isoframe::harness::selftest::faults
