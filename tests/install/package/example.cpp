// Prints SSIM and PSNR of a grey frame and one with a brighter pixel, and the cases of a run with their
// verdicts.

#include <iostream>

#include "base/json_file.h"
#include "metrics/psnr.h"
#include "metrics/ssim.h"
#include "reports/records/run_record.h"

int main(int, char** argv) {
  using namespace isoframe;
  metrics::ByteVideo reference{
      .frames = 1, .height = 16, .width = 16, .data = std::vector<std::uint8_t>(16 * 16 * 3, 100)};
  metrics::ByteVideo candidate = reference;
  candidate.data[(8 * 16 + 8) * 3] = 116;
  std::cout << "SSIM " << metrics::ssim(reference.view(), candidate.view()).mean << "\nPSNR "
            << metrics::psnr(reference.view(), candidate.view()).mean << '\n';
  const auto run = base::read_record(argv[1], reports::records::run_record_from_json);
  for (const auto& row : run.cases) std::cout << row.name << '\n';
}
