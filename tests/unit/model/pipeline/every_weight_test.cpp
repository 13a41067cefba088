// Every weight of a checkpoint reaches the frames, but for those that the reference leaves out too.

#include <algorithm>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <unistd.h>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/parallel/mesh.h"
#include "model/pipeline/pipeline.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"

namespace isoframe::model::pipeline {
namespace {

namespace fs = std::filesystem;

/// The float32 tensors of one safetensors file, which this changes where they lie.
class OpenWeights {
 public:
  explicit OpenWeights(const fs::path& path) : descriptor_(::open(path.c_str(), O_RDWR)) {
    std::uint64_t header_bytes = 0;
    read(&header_bytes, sizeof header_bytes, 0);
    std::string header(header_bytes, ' ');
    read(header.data(), header_bytes, sizeof header_bytes);
    const nlohmann::json entries = nlohmann::json::parse(header);
    for (const auto& [name, entry] : entries.items()) {
      if (name == "__metadata__") continue;
      const std::uint64_t begin = entry["data_offsets"][0], end = entry["data_offsets"][1];
      ranges_[name] = {sizeof header_bytes + header_bytes + begin, (end - begin) / sizeof(float)};
    }
  }
  ~OpenWeights() { ::close(descriptor_); }
  OpenWeights(const OpenWeights&) = delete;
  OpenWeights& operator=(const OpenWeights&) = delete;

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, range] : ranges_) names.push_back(name);
    return names;
  }
  at::Tensor get(const std::string& name) const {
    at::Tensor values = at::empty(static_cast<std::int64_t>(ranges_.at(name).count));
    read(values.data_ptr(), values.nbytes(), ranges_.at(name).begin);
    return values;
  }
  void set(const std::string& name, const at::Tensor& values) {
    const auto bytes = static_cast<ssize_t>(values.nbytes());
    if (::pwrite(descriptor_, values.data_ptr(), values.nbytes(),
                 static_cast<off_t>(ranges_.at(name).begin)) != bytes)
      throw std::runtime_error(name + " cannot be written");
  }

 private:
  struct Range {
    std::uint64_t begin = 0, count = 0;
  };
  void read(void* to, std::size_t bytes, std::uint64_t from) const {
    if (::pread(descriptor_, to, bytes, static_cast<off_t>(from)) != static_cast<ssize_t>(bytes))
      throw std::runtime_error("weights cannot be read");
  }

  int descriptor_;
  std::map<std::string, Range> ranges_;
};

/// The tensors, as "part: name", that by the reference's own design do not reach the frames of a task.
/// tests/parity/reached.py holds the list against the reference's gradients.
std::vector<std::regex> left_out(Task task) {
  std::ifstream file(fs::path(ISOFRAME_SOURCE) / "tests/parity/left_out.json");
  std::vector<std::regex> rows;
  for (const nlohmann::json& row : nlohmann::json::parse(file)) {
    const auto tasks = row.at("tasks").get<std::vector<std::string>>();
    if (std::ranges::count(tasks, task == Task::kTextToVideo ? "t2v" : "i2v") > 0)
      rows.emplace_back(row.at("tensors").get<std::string>());
  }
  return rows;
}

struct Variant {
  const char* name;
  Task task;
  const char* changes;  ///< to the preset "tiny"
  const char* tensors;  ///< those that are tried; others are another variant's
};

void PrintTo(const Variant& variant, std::ostream* out) { *out << variant.name; }

class EveryWeight : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    synthetic::initialize_checkpoint(
        synthetic::customized(synthetic::preset("tiny", GetParam().task),
                              nlohmann::json::parse(GetParam().changes), GetParam().name),
        "tiny", /*seed=*/1, directory_);
    at::set_num_threads(1);
    request_.prompt = "a pier, \"OPEN\"";
    request_.height = 32;
    request_.width = 32;
    request_.frames = 5;
    request_.steps = 1;
    request_.tiling.enabled = false;
    if (GetParam().task == Task::kImageToVideo)
      request_.image = fs::path(ISOFRAME_SOURCE) / "tests/parity/images/portrait.png";
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::vector<fs::path> weight_files() const {
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory_))
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }

  at::Tensor frames() const {
    const checkpoint::Checkpoint checkpoint(directory_);
    return load_pipeline(checkpoint, parallel::single_mesh(), std::nullopt)
        ->generate(request_, no_probe())
        .frames;
  }

  c10::InferenceMode inference_;
  fs::path directory_ = fs::path(testing::TempDir()) / ("isoframe-weights-" + std::to_string(::getpid()));
  Request request_;
};

/// Zero where it was not, else ones of either sign.
at::Tensor changed(const at::Tensor& values) {
  if (values.any().item<bool>()) return at::zeros_like(values);
  return at::arange(values.numel(), at::kFloat).remainder(2).mul(2).sub(1);
}

/// Change of frames in [0, 1] by which a weight reaches them: ten times what rounding does where a weight
/// cancels out, a tenth of the least that any other does.
constexpr double kLeast = 5e-5;

TEST_P(EveryWeight, ReachesTheFramesUnlessTheReferenceLeavesItOut) {
  const at::Tensor expected = frames();
  ASSERT_TRUE(at::equal(frames(), expected));
  const std::regex tried(GetParam().tensors);
  const std::vector<std::regex> left = left_out(GetParam().task);
  std::size_t count = 0;
  for (const fs::path& file : weight_files()) {
    OpenWeights weights(file);
    for (const std::string& name : weights.names()) {
      const std::string tensor = file.parent_path().filename().string() + ": " + name;
      if (!std::regex_match(tensor, tried)) continue;
      ++count;
      const at::Tensor values = weights.get(name);
      weights.set(name, changed(values));
      const double change = (frames() - expected).abs().max().item<double>();
      weights.set(name, values);
      const bool is_left_out =
          std::ranges::any_of(left, [&](const std::regex& row) { return std::regex_match(tensor, row); });
      if (is_left_out) {
        EXPECT_LT(change, kLeast) << tensor << " reaches the frames, but is left out by the reference";
      } else {
        EXPECT_GE(change, kLeast) << tensor << " does not reach the frames";
      }
    }
  }
  EXPECT_GT(count, 0u);
  EXPECT_TRUE(at::equal(frames(), expected)) << "a weight was not put back";
}

INSTANTIATE_TEST_SUITE_P(
    , EveryWeight,
    testing::Values(Variant{"t2v", Task::kTextToVideo, "{}", ".*"},
                    Variant{"i2v", Task::kImageToVideo, "{}", ".*"},
                    Variant{"t2v_meanflow", Task::kTextToVideo, R"({"transformer": {"use_meanflow": true}})",
                            "transformer: time_embed.*"},
                    Variant{"i2v_meanflow", Task::kImageToVideo, R"({"transformer": {"use_meanflow": true}})",
                            "transformer: time_embed.*"}),
    [](const auto& variant) { return std::string(variant.param.name); });

}  // namespace
}  // namespace isoframe::model::pipeline
