#pragma once
// Token ids to embeddings.

#include <cstdint>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

namespace isoframe::model::text {

/// Rows `ids` of `table` [vocab_size, D] -> [1, T, D].  Throws InputError naming `model` for an id outside
/// the table: a tokenizer and a model that do not belong together.
at::Tensor embed(const at::Tensor& table, const std::vector<std::int64_t>& ids, std::string_view model);

}  // namespace isoframe::model::text
