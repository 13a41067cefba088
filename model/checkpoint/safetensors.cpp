#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "model/checkpoint/downloads.h"

namespace isoframe::model::checkpoint {

namespace {

constexpr std::uint64_t kLengthBytes = 8;
/// The limit of the reference implementation: a longer header is not a header.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
/// Alignment of the data's begin, so that vector loads of a mapped tensor are aligned.
constexpr std::uint64_t kDataAlignment = 64;

struct DtypeName {
  const char* name;
  at::ScalarType dtype;
};

constexpr DtypeName kDtypes[] = {
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"F8_E8M0", at::kFloat8_e8m0fnu},
    {"F8_E4M3FNUZ", at::kFloat8_e4m3fnuz},
    {"F8_E5M2FNUZ", at::kFloat8_e5m2fnuz},
    {"U64", at::kUInt64},
    {"U32", at::kUInt32},
    {"U16", at::kUInt16},
    {"C64", at::kComplexFloat},
};

std::optional<at::ScalarType> dtype_of(const std::string& name) {
  for (const DtypeName& row : kDtypes) {
    if (name == row.name) return row.dtype;
  }
  return std::nullopt;
}

/// Bytes of a tensor; nothing if their number does not fit into 63 bits.
std::optional<std::uint64_t> checked_bytes(const Shape& shape, at::ScalarType dtype) {
  std::int64_t bytes = static_cast<std::int64_t>(c10::elementSize(dtype));
  for (const std::int64_t size : shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
  }
  return static_cast<std::uint64_t>(bytes);
}

bool is_size(const nlohmann::json& value) {
  return value.is_number_unsigned() &&
         value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

bool is_list_of_sizes(const nlohmann::json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), is_size);
}

}  // namespace

const char* dtype_name(at::ScalarType dtype) {
  if (dtype == at::ScalarType::Undefined) return "unknown";
  for (const DtypeName& row : kDtypes) {
    if (dtype == row.dtype) return row.name;
  }
  throw std::logic_error(fmt::format("safetensors has no name for dtype {}", c10::toString(dtype)));
}

std::string TensorSpec::dtype_name() const {
  return unknown_dtype.empty() ? checkpoint::dtype_name(dtype) : unknown_dtype;
}

std::uint64_t TensorSpec::bytes() const {
  return unknown_dtype.empty() ? checked_bytes(shape, dtype).value() : bytes_of_unknown;
}

/// A private mapping of a whole file.
class SafetensorsFile::Map {
 public:
  explicit Map(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
      throw InputError(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
    }
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(descriptor);
      throw InputError(fmt::format("{}: is not a regular file", path.string()));
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ > 0) {
      // Writable, because tensors promise to be; NORESERVE, because nobody is expected to write 17 GB of
      // weights.
      void* address =
          ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0);
      if (address == MAP_FAILED) {
        const int error = errno;
        ::close(descriptor);
        throw RunError(fmt::format("{}: cannot be mapped: {}", path.string(), std::strerror(error)));
      }
      data_ = static_cast<std::byte*>(address);
    }
    ::close(descriptor);
  }
  ~Map() {
    if (data_ != nullptr) ::munmap(data_, size_);
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  std::byte* data() const { return data_; }
  std::uint64_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::uint64_t size_ = 0;
};

SafetensorsFile::SafetensorsFile(std::filesystem::path path) : path_(std::move(path)) {
  require_downloaded(path_);
  map_ = std::make_shared<Map>(path_);
  parse_header();
}

void SafetensorsFile::parse_header() {
  const auto fail = [&](const std::string& problem) {
    throw InputError(fmt::format("{}: {}", path_.string(), problem));
  };
  const std::uint64_t file_bytes = map_->size();
  if (file_bytes < kLengthBytes) {
    fail(fmt::format("truncated: {} bytes are too few for a safetensors file", file_bytes));
  }
  std::uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, map_->data(), kLengthBytes);
  if (header_bytes > kMaxHeaderBytes) {
    fail(fmt::format("not a safetensors file: a header of {} bytes", header_bytes));
  }
  if (header_bytes > file_bytes - kLengthBytes) {
    fail(fmt::format("truncated: the header alone takes {} bytes, the file has {}",
                     kLengthBytes + header_bytes, file_bytes));
  }
  const char* text = reinterpret_cast<const char*>(map_->data() + kLengthBytes);
  const nlohmann::json header =
      nlohmann::json::parse(text, text + header_bytes, nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) fail("not a safetensors file: its header is not a JSON object");

  struct Range {
    TensorSpec spec;
    std::uint64_t begin;
    std::uint64_t end;
  };
  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto fail_tensor = [&, &name = name](const std::string& problem) {
      fail(fmt::format("tensor '{}' {}", name, problem));
    };
    if (!entry.is_object()) fail_tensor("is not described by a JSON object");
    const auto dtype_text = entry.find("dtype");
    const auto shape = entry.find("shape");
    const auto offsets = entry.find("data_offsets");
    if (dtype_text == entry.end() || !dtype_text->is_string()) fail_tensor("has no dtype");
    if (shape == entry.end() || !is_list_of_sizes(*shape)) {
      fail_tensor("has no shape of non-negative integers");
    }
    if (offsets == entry.end() || !is_list_of_sizes(*offsets) || offsets->size() != 2) {
      fail_tensor("has no pair of data_offsets");
    }
    const auto stored_as = dtype_text->get<std::string>();
    const std::optional<at::ScalarType> dtype = dtype_of(stored_as);
    Range range{
        {name, shape->get<Shape>(), dtype.value_or(at::ScalarType::Undefined)}, (*offsets)[0], (*offsets)[1]};
    if (range.end < range.begin) fail_tensor("ends before it begins");
    if (!dtype) {
      range.spec.unknown_dtype = stored_as;
      range.spec.bytes_of_unknown = range.end - range.begin;
      ranges.push_back(std::move(range));
      continue;
    }
    const std::optional<std::uint64_t> needed = checked_bytes(range.spec.shape, *dtype);
    if (!needed) fail_tensor(fmt::format("has shape {}, which no memory can hold", range.spec.shape));
    if (*needed != range.end - range.begin) {
      fail_tensor(fmt::format("of {} {} needs {} bytes, its data_offsets give {}", stored_as,
                              range.spec.shape, *needed, range.end - range.begin));
    }
    ranges.push_back(std::move(range));
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });

  const std::uint64_t data_begin = kLengthBytes + header_bytes;
  const std::uint64_t data_bytes = file_bytes - data_begin;
  const Range* previous = nullptr;
  for (const Range& range : ranges) {
    const std::uint64_t expected = previous == nullptr ? 0 : previous->end;
    if (range.begin < expected) {
      fail(fmt::format("tensor '{}' overlaps '{}'", range.spec.name, previous->spec.name));
    }
    if (range.begin > expected) {
      fail(fmt::format("{} bytes before tensor '{}' belong to nobody", range.begin - expected,
                       range.spec.name));
    }
    if (range.end > data_bytes) {
      fail(fmt::format("truncated: tensor '{}' ends at byte {}, the file has {}", range.spec.name,
                       data_begin + range.end, file_bytes));
    }
    previous = &range;
  }
  data_bytes_ = previous == nullptr ? 0 : previous->end;
  if (data_bytes_ != data_bytes) {
    fail(fmt::format("{} bytes after the last tensor belong to nobody", data_bytes - data_bytes_));
  }
  for (Range& range : ranges) {
    index_.emplace(range.spec.name, specs_.size());
    offsets_.push_back(data_begin + range.begin);
    specs_.push_back(std::move(range.spec));
  }
}

std::size_t SafetensorsFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw InputError(fmt::format("{}: tensor '{}' is missing", path_.string(), name));
  }
  return found->second;
}

const TensorSpec& SafetensorsFile::spec(const std::string& name) const { return specs_[find(name)]; }

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const std::size_t at = find(name);
  const TensorSpec& spec = specs_[at];
  if (spec.dtype == at::ScalarType::Undefined) {
    throw InputError(
        fmt::format("{}: tensor '{}' has unknown dtype '{}'", path_.string(), name, spec.unknown_dtype));
  }
  if (spec.bytes() == 0) return at::empty(spec.shape, spec.dtype);
  std::byte* data = map_->data() + offsets_[at];
  if (offsets_[at] % c10::elementSize(spec.dtype) != 0) {
    at::Tensor copy = at::empty(spec.shape, spec.dtype);
    std::memcpy(copy.data_ptr(), data, spec.bytes());
    return copy;
  }
  return at::from_blob(
      data, spec.shape, [map = map_](void*) mutable { map.reset(); }, at::TensorOptions().dtype(spec.dtype));
}

SafetensorsWriter::SafetensorsWriter(std::filesystem::path path, std::vector<TensorSpec> specs)
    : path_(std::move(path)), specs_(std::move(specs)), file_(path_) {
  // transformers refuses a file that does not say whose tensors these are.
  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  std::uint64_t offset = 0;
  for (const TensorSpec& spec : specs_) {
    const std::uint64_t end = offset + spec.bytes();
    header[spec.name] = {
        {"dtype", dtype_name(spec.dtype)}, {"shape", spec.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  const std::uint64_t excess = (kLengthBytes + text.size()) % kDataAlignment;
  if (excess != 0) text.append(kDataAlignment - excess, ' ');
  const std::uint64_t length = text.size();
  file_.write(&length, kLengthBytes);
  file_.write(text);
}

void SafetensorsWriter::append(const at::Tensor& tensor) {
  if (next_ == specs_.size()) {
    throw std::logic_error(fmt::format("{}: more tensors than declared", path_.string()));
  }
  const TensorSpec& spec = specs_[next_++];
  if (tensor.sizes() != at::IntArrayRef(spec.shape) || tensor.scalar_type() != spec.dtype) {
    throw std::logic_error(
        fmt::format("{}: tensor '{}' is not of the declared shape and dtype", path_.string(), spec.name));
  }
  const at::Tensor data = tensor.cpu().contiguous();
  file_.write(data.const_data_ptr(), spec.bytes());
}

void SafetensorsWriter::commit() {
  if (next_ != specs_.size()) {
    throw std::logic_error(
        fmt::format("{}: tensor '{}' was never given", path_.string(), specs_[next_].name));
  }
  file_.commit();
}

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::vector<TensorSpec> specs;
  specs.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors)
    specs.push_back({name, tensor.sizes().vec(), tensor.scalar_type()});
  SafetensorsWriter writer(path, std::move(specs));
  for (const auto& [name, tensor] : tensors) writer.append(tensor);
  writer.commit();
}

std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  std::map<std::string, at::Tensor> tensors;
  for (const TensorSpec& spec : file.specs()) tensors.emplace(spec.name, file.tensor(spec.name));
  return tensors;
}

}  // namespace isoframe::model::checkpoint
