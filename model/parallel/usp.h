#pragma once
// Unified sequence parallelism.

#include <memory>

#include "model/parallel/group.h"
#include "model/parallel/joint_attention.h"
#include "model/parallel/sequence_parallel.h"

namespace isoframe::model::parallel {

/// Ulysses inside a ring (USP: Fang & Zhao 2024).  The ring splits the video tokens into blocks and each
/// block is split over the Ulysses group: one all-to-all turns a rank's tokens with all heads into all tokens
/// of the block with a share of the heads (Jacobs et al. 2023), ring attention (Liu et al. 2023) brings the
/// other blocks' keys and values past them, and one all-to-all turns the output back.  Ulysses alone gives
/// the bits of one rank; a ring adds in another order, but gives the same bits for every Ulysses size.  With
/// two groups of one it is plain attention.
std::unique_ptr<SequenceParallel> make_usp(std::shared_ptr<Group> ulysses, std::shared_ptr<Group> ring);

/// USP with a ring of one.
std::unique_ptr<SequenceParallel> make_ulysses(std::shared_ptr<Group> group);

/// USP around an attention of the caller's.
std::unique_ptr<SequenceParallel> make_usp(std::shared_ptr<Group> ulysses, std::shared_ptr<Group> ring,
                                           std::unique_ptr<JointAttention> attention);

}  // namespace isoframe::model::parallel
