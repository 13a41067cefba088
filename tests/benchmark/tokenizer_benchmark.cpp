// Qwen2's tokenizer with its whole vocabulary: ISOFRAME_TOKENIZER names the folder that tests/tokenizer/run
// made (build/tokenizer).

#include <cstdlib>
#include <string>

#include <benchmark/benchmark.h>

#include "model/text/qwen2_tokenizer.h"

namespace isoframe::model::text {
namespace {

void BM_EncodeTokens(benchmark::State& state) {
  const char* folder = std::getenv("ISOFRAME_TOKENIZER");
  if (folder == nullptr) {
    state.SkipWithError("ISOFRAME_TOKENIZER is not set; tests/tokenizer/run makes the folder");
    return;
  }
  const Qwen2Tokenizer tokenizer(folder);
  const std::string sentence =
      "A cinematic shot of a red fox that trots along a snowy forest path at sunrise, 24 frames, 窗外的雪; ";
  std::string prompt;
  while (tokenizer.encode(prompt).size() < static_cast<std::size_t>(state.range(0))) prompt += sentence;
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer.encode(prompt));
  state.counters["tokens"] = static_cast<double>(tokenizer.encode(prompt).size());
}
BENCHMARK(BM_EncodeTokens)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace isoframe::model::text
