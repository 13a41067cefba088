#pragma once
// The record of a rank: rank-<N>.json of a round, and the same over all rounds in result.json.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "reports/records/device.h"
#include "reports/records/field.h"
#include "reports/records/host_load.h"
#include "reports/records/names.h"

namespace isoframe::reports::records {

/// The traffic of one kind of collective in one kind of group, on one rank in one generation.
struct Collective {
  std::string group, collective;
  std::uint64_t calls = 0;
  std::uint64_t bytes_sent = 0, bytes_received = 0;
  double seconds = 0.0;
  std::optional<std::uint64_t> predicted_bytes_sent, predicted_bytes_received;
  std::optional<int> group_size;
  std::optional<double> algorithm_bandwidth, bus_bandwidth;

  template <typename T = Collective>
  static constexpr auto fields() {
    return std::tuple{
        field("group", &T::group, "", "kind of group: ulysses, ring, cfg, tensor, vae_patch, world"),
        field("collective", &T::collective, "", "kind of collective: all_to_all, all_gather, ..."),
        field("calls", &T::calls, "", "number of calls"),
        field("bytes_sent", &T::bytes_sent, "bytes", "bytes sent"),
        field("bytes_received", &T::bytes_received, "bytes", "bytes received"),
        field("seconds", &T::seconds, "s", "time inside its calls, waiting included"),
        field("predicted_bytes_sent", &T::predicted_bytes_sent, "bytes",
              "bytes that the formula gives (model/plan/traffic.h)", Presence::kOmitted),
        field("predicted_bytes_received", &T::predicted_bytes_received, "bytes",
              "bytes that the formula gives", Presence::kOmitted),
        field("group_size", &T::group_size, "", "number of ranks of the group", Presence::kOmitted),
        field("algorithm_bandwidth", &T::algorithm_bandwidth, "bytes/s",
              "algorithm bandwidth as nccl-tests defines it, waiting included", Presence::kOmitted),
        field("bus_bandwidth", &T::bus_bandwidth, "bytes/s",
              "bus bandwidth as nccl-tests defines it, waiting included", Presence::kOmitted),
    };
  }
};

/// The bytes in tensors at the end of a step or outer stage.
struct LiveTensors {
  std::string stage;
  std::optional<std::int64_t> step;
  std::uint64_t bytes = 0;

  template <typename T = LiveTensors>
  static constexpr auto fields() {
    return std::tuple{
        field("stage", &T::stage, "", "the stage that ended"),
        field("step", &T::step, "", "its step; null where a whole stage ended", Presence::kNull),
        field("bytes", &T::bytes, "bytes", "bytes that tensors hold"),
    };
  }
};

/// A tile that a rank ran, in latents (decode) or pixels (encode).
struct TileTime {
  std::int64_t row = 0, column = 0, height = 0, width = 0;
  double seconds = 0.0;

  template <typename T = TileTime>
  static constexpr auto fields() {
    return std::tuple{
        not_negative(field("row", &T::row, "", "row of the grid")),
        not_negative(field("column", &T::column, "", "column of the grid")),
        positive(field("height", &T::height, "", "height in latents (decode) or pixels (encode)")),
        positive(field("width", &T::width, "", "width in latents (decode) or pixels (encode)")),
        field("seconds", &T::seconds, "s", "time that it took"),
    };
  }
};

/// A tile and the rank that the plan gives it to, in the order of execution.
struct PlannedTile {
  std::int64_t row = 0, column = 0, height = 0, width = 0;
  int rank = 0;
  double workload = 0.0;

  template <typename T = PlannedTile>
  static constexpr auto fields() {
    return std::tuple{
        not_negative(field("row", &T::row, "", "row of the grid")),
        not_negative(field("column", &T::column, "", "column of the grid")),
        positive(field("height", &T::height, "", "height in latents (decode) or pixels (encode)")),
        positive(field("width", &T::width, "", "width in latents (decode) or pixels (encode)")),
        not_negative(field("rank", &T::rank, "", "the rank that runs it")),
        not_negative(field("workload", &T::workload, "", "its workload, in the balance's `unit`")),
    };
  }
};

struct TileCost {
  std::int64_t height = 0, width = 0;
  double seconds = 0.0;

  template <typename T = TileCost>
  static constexpr auto fields() {
    return std::tuple{
        positive(field("height", &T::height, "", "height of the shape")),
        positive(field("width", &T::width, "", "width of the shape")),
        field("seconds", &T::seconds, "s", "least time of any rank in the warm-up"),
    };
  }
};

/// The costs of tiles by shape, measured in the warm-up, by which tiles are shared out; empty if not
/// measured.
struct TileCostTable {
  std::vector<TileCost> decode, encode;

  template <typename T = TileCostTable>
  static constexpr auto fields() {
    return std::tuple{
        field("decode", &T::decode, "", "costs of shapes in decode"),
        field("encode", &T::encode, "", "costs of shapes in encode"),
    };
  }
};

/// The balance of a plan that shares tiles out.
struct TileBalance {
  std::int64_t tiles = 0;
  int ranks = 1;
  std::string unit;
  std::vector<double> loads;
  double imbalance = 1.0;
  std::optional<double> optimum;

  template <typename T = TileBalance>
  static constexpr auto fields() {
    return std::tuple{
        not_negative(field("tiles", &T::tiles, "", "number of tiles")),
        positive(field("ranks", &T::ranks, "", "number of ranks that share them")),
        field("unit", &T::unit, "", "unit of a workload: `seconds` or `positions`"),
        not_negative(field("loads", &T::loads, "", "each rank's load, in `unit`")),
        not_negative(field("imbalance", &T::imbalance, "", "largest load / mean")),
        field("optimum", &T::optimum, "",
              "least that the largest load can be; null where it was not searched for", Presence::kNull),
    };
  }
};

/// The difference that a case's order of addition may make against a single device.
struct Numerics {
  NumericsClass kind = NumericsClass::kIdentical;
  double relative_l2 = 0.0;

  template <typename T = Numerics>
  static constexpr auto fields() {
    return std::tuple{
        field("class", &T::kind, "", "`identical` or `bounded`"),
        not_negative(field("relative_l2", &T::relative_l2, "",
                           "bound of a `bounded` layout (model/parallel/README.md)")),
    };
  }
};

/// A fixed piece of work timed beside a baseline's generation: the unit of its times against another run's.
struct Yardstick {
  double seconds = 0.0, busy_seconds = 0.0;

  template <typename T = Yardstick>
  static constexpr auto fields() {
    return std::tuple{
        field("seconds", &T::seconds, "s", "time by the clock"),
        field("busy_seconds", &T::busy_seconds, "s", "time as `busy` counts it"),
    };
  }
};

/// The yardstick of every round.
struct Yardsticks {
  std::vector<double> seconds, busy_seconds;

  template <typename T = Yardsticks>
  static constexpr auto fields() {
    return std::tuple{
        field("seconds", &T::seconds, "s", "time by the clock, one entry a repetition"),
        field("busy_seconds", &T::busy_seconds, "s", "time as `busy` counts it, one entry a repetition"),
    };
  }
};

/// A doubt about what a rank computes that does not stop it.
struct Warning {
  WarningKind kind = WarningKind::kUnusedTensors;
  std::string message;
  std::optional<std::int64_t> tensors;
  std::string first_tensor;
  std::optional<std::int64_t> tokens, kept_tokens;

  template <typename T = Warning>
  static constexpr auto fields() {
    return std::tuple{
        field(
            "kind", &T::kind, "",
            "`unused_tensors`: the checkpoint holds tensors that the model does not ask for; `cut_text`: an "
            "encoder takes only the beginning of a prompt"),
        field("message", &T::message, "", "all of it in one line"),
        field("tensors", &T::tensors, "", "number of unused tensors", Presence::kOmitted),
        field("first_tensor", &T::first_tensor, "", "the first of them, after its part", Presence::kOmitted),
        field("tokens", &T::tokens, "", "tokens of the text", Presence::kOmitted),
        field("kept_tokens", &T::kept_tokens, "", "tokens that the encoder takes", Presence::kOmitted),
    };
  }
};

/// The fields that a rank has both in one round and over all of them.
struct RankFacts {
  int rank = 0;
  std::int64_t pid = 0;
  std::optional<Device> device;
  std::optional<DeviceMemory> device_memory;
  std::vector<LiveTensors> live_tensor_bytes;
  std::optional<std::uint64_t> peak_resident_bytes, peak_proportional_bytes, peak_tensor_bytes;
  std::vector<Collective> collectives;
  std::vector<TileTime> tiles;
  std::optional<std::vector<TileTime>> encode_tiles;
  std::optional<std::vector<PlannedTile>> plan, encode_plan;
  std::optional<TileBalance> decode_balance, encode_balance;
  std::optional<TileCostTable> tile_costs;

  template <typename T = RankFacts>
  static constexpr auto fields() {
    return std::tuple{
        not_negative(field("rank", &T::rank, "", "the rank")),
        field("pid", &T::pid, "", "its process", Presence::kAdded),
        field("device", &T::device, "", "its GPU; null on a CPU", Presence::kNull),
        field("device_memory", &T::device_memory, "", "its GPU's memory; null on a CPU", Presence::kNull),
        field("live_tensor_bytes", &T::live_tensor_bytes, "",
              "bytes that tensors hold after each step and outer stage, in order", Presence::kAdded),
        field("peak_resident_bytes", &T::peak_resident_bytes, "bytes",
              "largest resident size, shared pages counted in full", Presence::kNull),
        field("peak_proportional_bytes", &T::peak_proportional_bytes, "bytes",
              "largest proportional size: pages that other processes map too are divided among the ranks",
              Presence::kNull),
        field("peak_tensor_bytes", &T::peak_tensor_bytes, "bytes", "most bytes that tensors held at once",
              Presence::kNull),
        field("collectives", &T::collectives, "", "one entry a group and collective", Presence::kAdded),
        field("tiles", &T::tiles, "", "tiles of decode that it ran, in latents", Presence::kAdded),
        field("encode_tiles", &T::encode_tiles, "",
              "tiles of encode that it ran, in pixels; of image-to-video", Presence::kOmitted),
        field("plan", &T::plan, "", "rank 0: every tile of decode", Presence::kOmitted),
        field("encode_plan", &T::encode_plan, "", "rank 0: every tile of encode", Presence::kOmitted),
        field("decode_balance", &T::decode_balance, "", "rank 0: how evenly decode is shared",
              Presence::kOmitted),
        field("encode_balance", &T::encode_balance, "", "rank 0: how evenly encode is shared",
              Presence::kOmitted),
        field("tile_costs", &T::tile_costs, "", "rank 0: what tiles are shared out by", Presence::kOmitted),
    };
  }
};

/// One rank of one round: rank-<N>.json.
struct RankRecord : RankFacts {
  double load_seconds = 0.0, total_seconds = 0.0, communication_seconds = 0.0;
  std::map<std::string, std::vector<double>> stages;
  std::map<std::string, double> busy;
  std::optional<Yardstick> yardstick;
  std::optional<Numerics> numerics;
  std::vector<Warning> warnings;

  template <typename T = RankRecord>
  static constexpr auto fields() {
    return std::tuple_cat(
        T::RankFacts::fields(),
        std::tuple{
            field("load_seconds", &T::load_seconds, "s", "loading the checkpoint"),
            positive(field("total_seconds", &T::total_seconds, "s", "from prompt to frames")),
            field("communication_seconds", &T::communication_seconds, "s",
                  "inside collectives, waiting included"),
            not_empty(field("stages", &T::stages, "s", "every occurrence of each stage, in order")),
            field("busy", &T::busy, "s", "time in each outer stage without waiting for others",
                  Presence::kAdded),
            field("yardstick", &T::yardstick, "", "time of the yardstick; only of a baseline",
                  Presence::kOmitted),
            field("numerics", &T::numerics, "", "rank 0: what the layout promises", Presence::kOmitted),
            field("warnings", &T::warnings, "", "doubts about what it computes", Presence::kOmitted),
        });
  }
};

/// One repetition of a stage: its seconds, or a list of them for a stage that is counted (`denoise.step`).
using StageSample = std::variant<double, std::vector<double>>;
/// The samples of each stage, one entry a repetition.
using StageSamples = std::map<std::string, std::vector<StageSample>>;

/// The seconds of a stage, one entry a repetition; empty if it did not run or is counted.
std::vector<double> seconds_of(const StageSamples& stages, const std::string& stage);

/// One rank over all rounds: `ranks[]` of result.json.  Memory is the largest of all rounds; a field that is
/// no measurement is the last round's.
struct RankResult : RankFacts {
  StageSamples stages;
  std::map<std::string, std::vector<double>> busy;
  std::optional<Yardsticks> yardstick;
  std::optional<std::uint64_t> planned_peak_tensor_bytes;

  template <typename T = RankResult>
  static constexpr auto fields() {
    return std::tuple_cat(
        T::RankFacts::fields(),
        std::tuple{
            field("stages", &T::stages, "s", "this rank's time in each stage, as in `latency.stages`"),
            field("busy", &T::busy, "s",
                  "time in each outer stage without waiting for others (on a CPU the processor time of its "
                  "thread, on a GPU the time outside collectives): one entry a repetition",
                  Presence::kAdded),
            field("yardstick", &T::yardstick, "",
                  "times of the yardstick, a fixed piece of work timed beside a baseline's generations: the "
                  "unit of its times against an earlier run's",
                  Presence::kNull),
            field("planned_peak_tensor_bytes", &T::planned_peak_tensor_bytes, "bytes",
                  "what the plan predicts", Presence::kOmitted),
        });
  }
};

nlohmann::json to_json(const RankRecord& record);
/// Throws InputError naming the field.
RankRecord rank_record_from_json(const nlohmann::json& json);

/// The predicted traffic of one kind of collective in one kind of group.
struct PredictedTraffic {
  std::string group, collective;
  std::uint64_t bytes_sent = 0, bytes_received = 0;

  template <typename T = PredictedTraffic>
  static constexpr auto fields() {
    return std::tuple{
        field("group", &T::group, "", "as in `collectives`"),
        field("collective", &T::collective, "", "as in `collectives`"),
        field("bytes_sent", &T::bytes_sent, "bytes", "bytes sent"),
        field("bytes_received", &T::bytes_received, "bytes", "bytes received"),
    };
  }
};
/// The predicted memory and traffic of one rank: prediction-<k>.json is a list of them.
struct PredictedRank {
  std::uint64_t peak_tensor_bytes = 0;
  std::vector<PredictedTraffic> collectives;

  template <typename T = PredictedRank>
  static constexpr auto fields() {
    return std::tuple{
        field("peak_tensor_bytes", &T::peak_tensor_bytes, "bytes", "most bytes that tensors hold at once"),
        field("collectives", &T::collectives, "", "one entry a group and collective"),
    };
  }
};
nlohmann::json to_json(const std::vector<PredictedRank>& ranks);
std::vector<PredictedRank> predicted_ranks_from_json(const nlohmann::json& json);

/// The rate at which a rank's machine copies memory, as `qualify` tries it.
struct MemoryRate {
  double bytes_per_second = 0.0;
  bool intact = true;

  template <typename T = MemoryRate>
  static constexpr auto fields() {
    return std::tuple{
        field("bytes_per_second", &T::bytes_per_second, "bytes/s", "copies of 64 MiB, read and written"),
        field("intact", &T::intact, "", "whether every copied byte was right"),
    };
  }
};
struct ComputeRate {
  double flops_per_second = 0.0;
  std::string result;

  template <typename T = ComputeRate>
  static constexpr auto fields() {
    return std::tuple{
        field("flops_per_second", &T::flops_per_second, "FLOP/s", "one fixed float32 product"),
        field("result", &T::result, "", "a hash of what it gave"),
    };
  }
};
struct LinkRate {
  int peer = 0;
  double bytes_per_second = 0.0, latency_seconds = 0.0;
  bool intact = true;

  template <typename T = LinkRate>
  static constexpr auto fields() {
    return std::tuple{
        field("peer", &T::peer, "", "the other rank"),
        field("bytes_per_second", &T::bytes_per_second, "bytes/s", "8 MiB there and back"),
        field("latency_seconds", &T::latency_seconds, "s", "half a round trip of 4 bytes"),
        field("intact", &T::intact, "", "whether every received byte was what was sent"),
    };
  }
};
struct MachineRates {
  int rank = 0;
  std::string host;
  MemoryRate memory;
  ComputeRate compute;
  std::vector<LinkRate> links;
  std::optional<HostLoad> load;

  template <typename T = MachineRates>
  static constexpr auto fields() {
    return std::tuple{
        field("rank", &T::rank, "", "the rank"),
        field("host", &T::host, "", "name of its machine"),
        field("memory", &T::memory, "", "rate of copying memory"),
        field("compute", &T::compute, "", "rate of computing"),
        field("links", &T::links, "", "links to the other ranks"),
        field("load", &T::load, "", "what its processors did meanwhile", Presence::kOmitted),
    };
  }
};
nlohmann::json to_json(const MachineRates& record);
MachineRates machine_rates_from_json(const nlohmann::json& json);

}  // namespace isoframe::reports::records
