#include "model/text/embedding.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/error.h"

namespace isoframe::model::text {

at::Tensor embed(const at::Tensor& table, const std::vector<std::int64_t>& ids, std::string_view model) {
  const std::int64_t vocab_size = table.size(0);
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      throw InputError(fmt::format(
          "{}: token id {} is outside the vocabulary of {}; its tokenizer belongs to another model", model,
          id, vocab_size));
    }
  }
  const at::Tensor indices = at::tensor(ids, at::kLong).to(table.device());
  return table.index_select(0, indices).unsqueeze(0);
}

}  // namespace isoframe::model::text
