#pragma once
// The record of a machine and of the program on it.

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

namespace isoframe::reports::records {

/// The limits of a container.
struct Limits {
  std::optional<double> cores;
  std::optional<std::uint64_t> memory_bytes;

  template <typename T = Limits>
  static constexpr auto fields() {
    return std::tuple{
        field("cores", &T::cores, "", "cores that the container may use", Presence::kOmitted),
        field("memory_bytes", &T::memory_bytes, "bytes", "memory that the container may use",
              Presence::kOmitted),
    };
  }
};

struct ProgramVersion {
  std::string version, commit;

  template <typename T = ProgramVersion>
  static constexpr auto fields() {
    return std::tuple{
        field("version", &T::version, "", "version of isoframe: \"0.1.0\""),
        field("commit", &T::commit, "",
              "commit that the build was configured at; `unknown` outside a checkout"),
    };
  }
};

/// A single value if all cases agree, else a list of theirs.
template <typename Value>
using Common = std::variant<Value, std::vector<Value>>;

struct Environment {
  std::string cpu;
  int cores = 0;
  std::vector<std::string> isa;
  std::uint64_t memory_bytes = 0;
  Limits limits;
  std::string os, kernel;
  std::optional<std::vector<double>> load_average;
  ProgramVersion isoframe;
  std::string libtorch, compiler, build_type;
  std::optional<Common<int>> threads_per_rank;
  std::optional<Common<std::string>> device;
  std::map<std::string, std::string> variables;
  std::vector<std::string> cleared_variables;

  template <typename T = Environment>
  static constexpr auto fields() {
    return std::tuple{
        compared(field("cpu", &T::cpu, "", "model of the processor", Presence::kNull)),
        compared(field("cores", &T::cores, "", "cores that the process may run on", Presence::kAdded)),
        compared(field("isa", &T::isa, "", "widest vector instructions: AVX2, AVX512", Presence::kAdded)),
        compared_roughly(
            field("memory_bytes", &T::memory_bytes, "bytes", "the machine's memory", Presence::kAdded)),
        compared(field("limits", &T::limits, "", "limits of the container", Presence::kAdded)),
        field("os", &T::os, "", "operating system", Presence::kNull),
        field("kernel", &T::kernel, "", "name and release of the kernel", Presence::kNull),
        field("load_average", &T::load_average, "", "load over the last 1, 5 and 15 minutes",
              Presence::kNull),
        field("isoframe", &T::isoframe, "", "the program", Presence::kAdded),
        compared(field("libtorch", &T::libtorch, "", "version of LibTorch", Presence::kAdded)),
        field("compiler", &T::compiler, "", "name and version", Presence::kAdded),
        compared(field("build_type", &T::build_type, "", "Release, Debug, ...", Presence::kAdded)),
        field("threads_per_rank", &T::threads_per_rank, "",
              "threads a rank; in run.json a list where cases differ", Presence::kOmitted),
        field("device", &T::device, "", "`cpu` or `cuda`; in run.json a list where cases differ",
              Presence::kOmitted),
        compared(field("variables", &T::variables, "",
                       "environment variables that change bits or speed of ranks, as ranks have them",
                       Presence::kAdded)),
        field("cleared_variables", &T::cleared_variables, "",
              "set variables that ranks are started without: they would break the identity of layouts",
              Presence::kOmitted),
    };
  }
};

nlohmann::json to_json(const Environment& record);
Environment environment_from_json(const nlohmann::json& json);
/// A compared fact that is not alike in two environments or devices; values as JSON text.
struct DifferingFact {
  std::string name, now, earlier;
};
std::vector<DifferingFact> differing_facts(const Environment& now, const Environment& earlier);
std::vector<DifferingFact> differing_facts(const Device& now, const Device& earlier);

}  // namespace isoframe::reports::records
