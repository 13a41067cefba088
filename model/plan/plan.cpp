#include "model/plan/plan.h"

#include <algorithm>
#include <utility>

#include "model/parallel/rank_share.h"
#include "model/plan/image_walk.h"
#include "model/plan/text_walk.h"
#include "model/plan/tiles.h"
#include "model/plan/traffic.h"
#include "model/plan/transformer_walk.h"
#include "model/plan/vae_walk.h"
#include "model/plan/weights.h"

namespace isoframe::model::plan {

namespace {

/// One rank's generation, as TextToVideo and ImageToVideo run it.
class GenerationWalk {
 public:
  GenerationWalk(const ModelConfig& model, const Generation& generation, const Machine& machine, int rank)
      : model_(model),
        generation_(generation),
        rank_(rank),
        account_(machine),
        latents_(latent_size(model, generation)),
        traffic_(predicted_traffic(model, generation, machine.dtype, rank)) {}

  std::vector<StagePlan> run(std::int64_t resident_bytes) {
    const Held resident = account_.hold_bytes(resident_bytes);
    HeldImage image;
    if (generation_.has_image()) stage("image", [&] { image = walk_image(account_, model_, generation_); });
    std::vector<Held> conditions;
    stage("text", [&] { conditions = encode_prompts(); });
    const Held noise = account_.hold(latents_.numbers());
    Held image_latents, first_frame;
    if (generation_.has_image()) stage("encode", [&] { image_latents = encode(); });
    std::vector<Held> step_latents;
    stage("denoise", [&] { step_latents = denoise(); });
    stage("decode", [&] { decode(); });
    return std::move(stages_);
  }

 private:
  template <typename Run>
  void stage(const char* name, const Run& run) {
    account_.begin();
    run();
    stages_.push_back({name, account_.work(), account_.peak(), traffic_[name]});
  }

  /// Cropped states are views of all of them.
  std::vector<Held> encode_prompts() {
    std::vector<Held> conditions;
    for (const PromptTokens& prompt : own_prompts(generation_, rank_)) {
      conditions.push_back(walk_text_encoder(account_, model_, generation_, prompt.text));
      conditions.push_back(walk_text_encoder_2(account_, model_, generation_, prompt.glyphs));
    }
    return conditions;
  }

  Held encode() {
    const std::int64_t pixels = 3 * generation_.height * generation_.width;
    Held frame;
    {
      // vision::to_video_frame: converted, divided, doubled, shifted, and in the order of channels.
      const Held steps = account_.hold_bytes(4 * pixels * static_cast<std::int64_t>(sizeof(float)));
      frame = account_.hold(pixels);
    }
    const Held moments = walk_encode(account_, model_, generation_, rank_);
    Held latents = account_.hold(latents_.numbers() / latents_.frames);
    const Held scaled = account_.hold(moments.bytes() > 0 ? latents_.numbers() / latents_.frames : 0);
    return latents;
  }

  /// Walks the last step only: all steps are alike but for the latents that they leave.
  std::vector<Held> denoise() {
    const std::int64_t numbers = latents_.numbers();
    const std::int64_t first_frame_numbers =
        numbers / latents_.channels * (model_.transformer.in_channels - latents_.channels);
    const Held first_frame = account_.hold(first_frame_numbers);
    Account& account = account_;
    std::vector<Held> step_latents;
    const auto keep = [&] {
      // Other devices' leave them.
      if (account.machine().is_cpu) step_latents.push_back(account.hold(numbers));
    };
    for (std::int64_t step = 1; step < generation_.steps; ++step) keep();
    {
      const Held sample = account.hold(numbers + first_frame_numbers);
      const Held velocity = predict();
      const Held scaled = account.hold(numbers);
      keep();
    }
    const Work one = account.work();
    for (std::int64_t step = 1; step < generation_.steps; ++step)
      account.count(one.flops, one.bytes / static_cast<double>(account.machine().element_bytes()));
    return step_latents;
  }

  /// sampling::Guidance::predict.
  Held predict() {
    const std::int64_t numbers = latents_.numbers();
    std::vector<Held> passes;
    for (const PromptTokens& prompt : own_prompts(generation_, rank_))
      passes.push_back(walk_transformer(account_, model_, generation_, rank_, prompt));
    if (!generation_.has_second_pass()) return std::move(passes.front());
    if (generation_.layout.cfg == 2) {
      const Held other = account_.hold(numbers);
      const Held both = account_.hold(2 * numbers);
      passes.clear();
      const Held difference = account_.hold(2 * numbers);
      return account_.hold(numbers);
    }
    const Held difference = account_.hold(2 * numbers);
    return account_.hold(numbers);
  }

  void decode() {
    const Held unscaled = account_.hold(latents_.numbers());
    const Held video = walk_decode(account_, model_, generation_, rank_);
    if (rank_ != 0) return;
    // Frames become [0, 1] in float32: halved, shifted, clamped.
    const std::int64_t pixels = 3 * generation_.frames * generation_.height * generation_.width;
    const bool is_float = account_.machine().dtype == at::kFloat;
    const Held frames =
        account_.hold_bytes((is_float ? 3 : 4) * pixels * static_cast<std::int64_t>(sizeof(float)));
  }

  const ModelConfig& model_;
  const Generation& generation_;
  int rank_;
  Account account_;
  LatentSize latents_;
  std::map<std::string, parallel::PredictedTraffic> traffic_;
  std::vector<StagePlan> stages_;
};

std::int64_t tiles_of(const vae::TilePlan& plan, int rank) {
  return std::ranges::count(plan.tiles, rank, &vae::TileAssignment::rank);
}

}  // namespace

std::int64_t RankPlan::weights() const {
  std::int64_t sum = 0;
  for (const auto& [part, numbers] : weight_numbers) sum += numbers;
  return sum;
}

std::int64_t RankPlan::peak_tensor_bytes() const {
  std::int64_t peak = resident_bytes;
  for (const StagePlan& stage : stages) peak = std::max(peak, stage.peak_bytes);
  return peak;
}

std::vector<RankPlan> plan_generation(const ModelConfig& model, const Generation& generation,
                                      const Machine& machine, const FileDtypes& files) {
  const parallel::Layout& layout = generation.layout;
  std::vector<std::map<std::string, std::int64_t>> weights;
  for (int tensor_rank = 0; tensor_rank < layout.tensor; ++tensor_rank)
    weights.push_back(weight_numbers(model, generation, tensor_rank));
  const vae::TilePlan decode = decode_tiles(model, generation);
  const vae::TilePlan encode = encode_tiles(model, generation);

  std::vector<RankPlan> ranks;
  for (int rank = 0; rank < layout.world_size(); ++rank) {
    const parallel::RankShare share(
        layout, rank, pass_shape(model, generation, generation.prompt, machine.element_bytes()));
    RankPlan plan;
    plan.rank = rank;
    plan.video_tokens = {share.first_row, share.rows};
    plan.heads = {share.tensor * share.heads + share.ulysses * share.own_heads, share.own_heads};
    plan.decode_tiles = tiles_of(decode, rank);
    plan.encode_tiles = generation.has_image() ? tiles_of(encode, rank) : 0;
    plan.weight_numbers = weights[share.tensor];
    if (runs_decoder(model, generation, rank)) plan.resident_bytes += packed_decoder_bytes(model, machine);
    if (runs_encoder(model, generation, rank)) plan.resident_bytes += packed_encoder_bytes(model, machine);
    for (const auto& [part, dtype] : files) {
      const auto numbers = plan.weight_numbers.find(part);
      if (machine.is_cpu && dtype != machine.dtype && numbers != plan.weight_numbers.end())
        plan.resident_bytes += numbers->second * machine.element_bytes();
    }
    plan.stages = GenerationWalk(model, generation, machine, rank).run(plan.resident_bytes);
    ranks.push_back(std::move(plan));
  }
  return ranks;
}

}  // namespace isoframe::model::plan
