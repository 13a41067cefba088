#include "reports/video.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "metrics/frame_reader.h"
#include "metrics/psnr.h"

namespace isoframe::reports {
namespace {

namespace fs = std::filesystem;
using metrics::ByteVideo;

class Video : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// The gradients move with t, red and blue in opposite directions: swapped channels would be seen.
  static ByteVideo gradient(int frames, int height, int width) {
    ByteVideo video{frames, height, width, {}};
    for (int t = 0; t < frames; ++t)
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          for (const int value : {200 * x / width + 5 * t, 128, 200 - 200 * x / width + 20 * y / height})
            video.data.push_back(static_cast<std::uint8_t>(value));
    return video;
  }

  static void write_png(const fs::path& file, int red) {
    cv::imwrite(file.string(), cv::Mat(2, 4, CV_8UC3, cv::Scalar(10, 20, red)));
  }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("isoframe video test {}", getpid());
};

std::string probe(const fs::path& file) {
  const std::string command = fmt::format(
      "ffprobe -v error -count_frames -select_streams v:0 -of csv=p=0 "
      "-show_entries stream=codec_name,width,height,pix_fmt,r_frame_rate,nb_read_frames '{}'",
      file.string());
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) output.push_back(static_cast<char>(c));
  if (pipe != nullptr) pclose(pipe);
  return output;
}

TEST_F(Video, PlaysEverywhereAtFifteenFramesASecond) {
  const ByteVideo video = gradient(9, 32, 48);
  write_video(folder_ / "video.mp4", video.view());
  EXPECT_THAT(probe(folder_ / "video.mp4"), testing::MatchesRegex("(h264|mpeg4),48,32,yuv420p,15/1,9\n"));
}

TEST_F(Video, ShowsTheSameColoursWhenReadBack) {
  const ByteVideo video = gradient(5, 32, 48);
  write_video(folder_ / "video.mp4", video.view());
  EXPECT_GT(metrics::psnr(video.view(), metrics::read_video(folder_ / "video.mp4").view()).min, 28.0);
}

TEST_F(Video, OddSizesGrowByOneAndLoseNothing) {
  write_video(folder_ / "video.mp4", gradient(3, 31, 47).view());
  EXPECT_THAT(probe(folder_ / "video.mp4"), testing::HasSubstr(",48,32,yuv420p,15/1,3"));
}

TEST_F(Video, LeavesNothingButTheVideo) {
  write_video(folder_ / "video.mp4", gradient(3, 32, 32).view());
  write_video(folder_ / "video.mp4", gradient(2, 32, 32).view());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
  EXPECT_THAT(names, testing::ElementsAre("video.mp4"));
}

TEST_F(Video, AMissingFolderIsARunErrorThatNamesIt) {
  try {
    write_video(folder_ / "missing" / "video.mp4", gradient(1, 16, 16).view());
    FAIL() << "no error";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("missing"));
  }
  EXPECT_THROW(write_video(folder_ / "video.mp4", ByteVideo{}.view()), InputError);
}

TEST_F(Video, AWriteThatFailsHalfWayLeavesNoFile) {
  // A limit on the size of files stands in for a full disk.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{512, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_video(folder_ / "video.mp4", gradient(9, 64, 64).view()), RunError);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Video, AFolderOfImagesIsReadInTheOrderOfItsNumbers) {
  for (const int index : {10, 2, 1}) write_png(folder_ / fmt::format("frame_{}.png", index), index);
  std::ofstream(folder_ / "notes.txt") << "not a frame";
  const ByteVideo video = metrics::read_video(folder_);
  ASSERT_EQ(video.frames, 3);
  EXPECT_EQ(video.height, 2);
  EXPECT_EQ(video.width, 4);
  const std::size_t frame = 2 * 4 * 3;
  EXPECT_THAT((std::vector<int>{video.data[0], video.data[frame], video.data[2 * frame]}),
              testing::ElementsAre(1, 2, 10));
  EXPECT_THAT((std::vector<int>{video.data[1], video.data[2]}), testing::ElementsAre(20, 10));
}

TEST_F(Video, WhatCannotBeReadIsNamed) {
  const auto message = [](const fs::path& path) -> std::string {
    try {
      metrics::read_video(path);
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message(folder_ / "nowhere.mp4"), testing::HasSubstr("no such file"));
  EXPECT_THAT(message(folder_), testing::HasSubstr("no images (.png, .jpg,"));
  std::ofstream(folder_ / "broken.mp4") << "text";
  EXPECT_THAT(message(folder_ / "broken.mp4"), testing::HasSubstr("not a readable video"));
  write_png(folder_ / "frame_1.png", 1);
  std::ofstream(folder_ / "frame_2.png") << "text";
  EXPECT_THAT(message(folder_), testing::HasSubstr("frame_2.png: not a readable image"));
  cv::imwrite((folder_ / "frame_2.png").string(), cv::Mat(3, 4, CV_8UC3, cv::Scalar(0, 0, 0)));
  EXPECT_THAT(message(folder_), testing::HasSubstr("3 x 4 pixels, but the frames before it have 2 x 4"));
}

}  // namespace
}  // namespace isoframe::reports
