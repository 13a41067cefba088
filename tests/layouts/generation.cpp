#include "generation.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include "model/parallel/in_process.h"
#include "model/parallel/usp.h"
#include "model/pipeline/first_frame.h"
#include "model/probe.h"
#include "model/sampling/flow_match_euler.h"
#include "model/sampling/guidance.h"

namespace isoframe::layouts {

using model::checkpoint::Parameters;
using model::parallel::Mesh;
using model::parallel::Rendezvous;
using model::sampling::Branch;
using model::transformer::Condition;

namespace {

Condition draw_condition(const DrawnCase& drawn, Branch branch) {
  const bool is_conditional = branch == Branch::kConditional;
  at::Generator generator =
      at::make_generator<at::CPUGeneratorImpl>(2 * drawn.seed + (is_conditional ? 1 : 0));
  const auto& config = drawn.transformer;
  const std::int64_t text = is_conditional ? drawn.prompt_tokens : drawn.negative_tokens;
  const std::int64_t glyphs = is_conditional ? drawn.glyph_tokens : 0;
  Condition condition;
  condition.text = at::randn({1, text, config.text_embed_dim}, generator);
  condition.byt5 = at::randn({1, glyphs, config.text_embed_2_dim}, generator);
  // Image tokens are the same in both branches.
  at::Generator image_generator = at::make_generator<at::CPUGeneratorImpl>(~drawn.seed);
  condition.image = at::randn({1, drawn.image_tokens, config.image_embed_dim}, image_generator);
  for (at::Tensor* states : {&condition.text, &condition.byt5, &condition.image})
    *states = states->to(drawn.dtype);
  return condition;
}

model::parallel::PredictedTraffic traffic_of(const Mesh& mesh) {
  model::parallel::PredictedTraffic traffic;
  for (const auto& group : mesh.groups()) {
    for (const auto& [collective, moved] : group->traffic()) {
      if (moved.bytes_sent + moved.bytes_received > 0)
        traffic[{group->name(), collective}] = {moved.bytes_sent, moved.bytes_received};
    }
  }
  return traffic;
}

/// The transformer's input beside the latents: an encoded image and its mask, or zeros.
at::Tensor draw_first_frame(const DrawnCase& drawn, const model::vae::Vae& vae, const Mesh& mesh) {
  if (drawn.image_tokens == 0) {
    return at::zeros({1, drawn.transformer.in_channels - drawn.vae.latent_channels, drawn.frames,
                      drawn.height, drawn.width},
                     drawn.dtype);
  }
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(~drawn.seed + 1);
  const std::int64_t pixels = drawn.vae.spatial_compression_ratio;
  const at::Tensor image = at::rand({1, 3, 1, pixels * drawn.height, pixels * drawn.width}, generator)
                               .mul(2)
                               .sub(1)
                               .to(drawn.dtype);
  return model::pipeline::first_frame_condition(
      model::pipeline::encode_on_all_ranks(vae, mesh, image, drawn.tiling, model::no_probe()), drawn.frames);
}

std::string compare(const at::Tensor& expected, const at::Tensor& actual) {
  if (!actual.defined()) return "missing";
  if (expected.sizes() != actual.sizes()) {
    return fmt::format("of shape [{}], not [{}]", fmt::join(actual.sizes(), ", "),
                       fmt::join(expected.sizes(), ", "));
  }
  if (at::equal(expected, actual)) return {};
  const at::Tensor distance = (expected - actual).abs();
  return fmt::format("different in {} of {} values, by at most {:.3g}",
                     expected.ne(actual).sum().item<std::int64_t>(), expected.numel(),
                     distance.max().item<float>());
}

}  // namespace

std::unique_ptr<model::parallel::SequenceParallel> make_sound_sequence(const Mesh& mesh) {
  return model::parallel::make_usp(mesh.ulysses, mesh.ring);
}

Generation generate(const DrawnCase& drawn, const Mesh& mesh, model::checkpoint::ParameterSource& parameters,
                    const MakeSequence& make_sequence) {
  const std::unique_ptr<model::parallel::SequenceParallel> sequence = make_sequence(mesh);
  const model::transformer::Transformer transformer(drawn.transformer, Parameters(parameters, "transformer"),
                                                    *sequence, mesh.tensor_parallel());
  const model::vae::Vae vae(drawn.vae, Parameters(parameters, "vae"), mesh.vae_patch);
  const model::sampling::Guidance guidance(drawn.guidance_scale, mesh.cfg);

  Generation result;
  at::Tensor latents = model::sampling::initial_latents(drawn.seed, {1, drawn.vae.latent_channels,
                                                                     drawn.frames, drawn.height, drawn.width})
                           .to(drawn.dtype);
  const at::Tensor first_frame = draw_first_frame(drawn, vae, mesh);
  for (const model::sampling::Step& step : model::sampling::schedule(drawn.steps, {.shift = 5.0})) {
    const at::Tensor sample = at::cat({latents, first_frame}, 1);
    const at::Tensor velocity = guidance.predict([&](Branch branch) {
      model::transformer::StepTimes times = {.timestep = step.timestep};
      if (drawn.transformer.use_meanflow) times.end = step.next_timestep;
      return transformer.forward(sample, times, draw_condition(drawn, branch), model::no_probe());
    });
    latents = model::sampling::euler_step(latents, velocity, step);
    result.step_latents.push_back(latents);
  }
  result.frames = vae.decode(latents / drawn.vae.scaling_factor, drawn.tiling, model::no_probe());
  result.traffic = traffic_of(mesh);
  mesh.world->barrier();
  return result;
}

Generation generate_alone(const DrawnCase& drawn, model::checkpoint::ParameterSource& parameters) {
  const c10::InferenceMode inference;
  at::set_num_threads(1);
  return generate(drawn, model::parallel::single_mesh(), parameters);
}

std::vector<Generation> generate_parallel(const DrawnCase& drawn,
                                          model::checkpoint::ParameterSource& parameters,
                                          const MakeSequence& make_sequence,
                                          const std::function<void(Mesh&)>& change_mesh) {
  std::vector<Generation> ranks(static_cast<std::size_t>(drawn.layout.world_size()));
  model::parallel::run_in_threads(drawn.layout.world_size(), [&](Rendezvous& rendezvous) {
    Mesh mesh = model::parallel::make_mesh(drawn.layout, rendezvous);
    mesh.reduction = drawn.reduction;
    change_mesh(mesh);
    ranks.at(static_cast<std::size_t>(mesh.rank)) = generate(drawn, mesh, parameters, make_sequence);
  });
  return ranks;
}

std::string difference(const Generation& alone, const std::vector<Generation>& ranks) {
  for (std::size_t step = 0; step < alone.step_latents.size(); ++step) {
    for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
      const std::string problem = compare(alone.step_latents[step], ranks[rank].step_latents.at(step));
      if (!problem.empty()) return fmt::format("rank {}: latents after step {} are {}", rank, step, problem);
    }
  }
  const std::string problem = compare(alone.frames, ranks.front().frames);
  return problem.empty() ? "" : fmt::format("frames are {}", problem);
}

std::string excess(const DrawnCase& drawn, const Generation& alone, const std::vector<Generation>& ranks) {
  const auto& config = drawn.transformer;
  const auto mlp_width =
      static_cast<std::int64_t>(static_cast<double>(config.inner_dim()) * config.mlp_ratio);
  const double bound = model::parallel::relative_l2_bound(
      drawn.arithmetic(), {.steps = drawn.steps,
                           .blocks = config.num_layers,
                           .terms = std::max(mlp_width, drawn.frames * drawn.height * drawn.width),
                           .guidance_scale = drawn.guidance_scale});
  for (std::size_t rank = 1; rank < ranks.size(); ++rank) {
    if (!at::equal(ranks[rank].step_latents.back(), ranks.front().step_latents.back()))
      return fmt::format("rank {}'s latents are not rank 0's", rank);
  }
  const auto outside = [&](const char* what, const at::Tensor& expected,
                           const at::Tensor& actual) -> std::string {
    if (!actual.defined() || actual.sizes() != expected.sizes())
      return fmt::format("{} of another shape", what);
    const double distance = ((actual - expected).norm() / expected.norm()).item<double>();
    if (distance <= bound) return {};
    return fmt::format("{} have a relative L2 distance of {:.3g}, above {:.3g}", what, distance, bound);
  };
  const std::string latents =
      outside("latents", alone.step_latents.back(), ranks.front().step_latents.back());
  return latents.empty() ? outside("frames", alone.frames, ranks.front().frames) : latents;
}

}  // namespace isoframe::layouts
