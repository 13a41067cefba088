#pragma once
// A whole generation that takes a fraction of a second.

#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "model/pipeline/pipeline.h"
#include "model/synthetic/presets.h"
#include "model/synthetic/synthetic.h"

namespace isoframe::model::pipeline {

/// Holds, by task, a checkpoint of the preset "tiny", and a request of one step in several tiles.
class TinyGeneration : public testing::TestWithParam<checkpoint::Task> {
 protected:
  void SetUp() override {
    synthetic::initialize_checkpoint(synthetic::preset("tiny", GetParam()), "tiny", /*seed=*/1, directory_);
    request_.prompt = "a pier, \"OPEN\"";
    request_.height = 96;
    request_.width = 112;
    request_.frames = 5;
    request_.steps = 1;
    request_.tiling.tile_size = 64;
    if (GetParam() == Task::kImageToVideo)
      request_.image = std::filesystem::path(ISOFRAME_SOURCE) / "scenarios/images/launch.jpg";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_ =
      std::filesystem::path(testing::TempDir()) / ("isoframe-generation-" + std::to_string(::getpid()));
  Request request_;
};

inline std::string task_name(const testing::TestParamInfo<checkpoint::Task>& task) {
  return task.param == Task::kTextToVideo ? "T2V" : "I2V";
}

}  // namespace isoframe::model::pipeline
