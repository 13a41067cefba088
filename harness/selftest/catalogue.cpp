#include <iterator>

#include "harness/selftest/fault.h"

namespace isoframe::harness::selftest {

std::vector<Fault> catalogue() {
  std::vector<Fault> all;
  for (std::vector<Fault> part : {image_faults(), text_faults(), denoising_faults(), attention_faults(),
                                  ring_and_tensor_faults(), decoding_faults(), resource_faults()})
    all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  return all;
}

}  // namespace isoframe::harness::selftest
