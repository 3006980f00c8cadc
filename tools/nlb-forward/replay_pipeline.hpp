// SPDX-License-Identifier: Apache-2.0
// Tells in a thread of its own, while the next packets are decided: batches of what was decided, in
// order and at most a few ahead, so that the bytes are the same and memory is bounded.
#pragma once

#include "replay_sink.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

class ReplayPipeline final : public ReplaySink {
  public:
    /// `to` is called by the thread only, until finish(); `keeps_frames`: it looks at frames.
    ReplayPipeline(ReplaySink& to, bool keeps_frames);
    ~ReplayPipeline() override;
    ReplayPipeline(const ReplayPipeline&) = delete;
    ReplayPipeline& operator=(const ReplayPipeline&) = delete;

    void set_tables(const nlb::flow::Tables& tables) override;
    nlb::Result<void> decided(const nlb::replay::PacketPlace& place,
                              const nlb::flow::Decision& decision,
                              std::span<const nlb::flow::Asked> questions,
                              std::span<const std::uint8_t> frame) override;
    nlb::Result<void> skipped(const nlb::replay::PacketPlace& place, std::string_view why) override;

    void filtered() override { ++batch_.filtered; }

    /// Everything is told, or told of no more after an error; the thread has ended.
    nlb::Result<void> finish();

  private:
    struct Item {
        nlb::replay::PacketPlace place;
        nlb::flow::Decision decision;
        std::string_view why; ///< skipped; empty: decided
        std::size_t questions = 0;
        std::size_t bytes = 0; ///< of the frame
    };

    struct Batch {
        std::vector<Item> items;
        std::vector<nlb::flow::Asked> questions;
        std::vector<std::uint8_t> frames;
        std::uint64_t filtered = 0;
    };

    static constexpr std::size_t kItems = 1024;
    static constexpr std::size_t kMostWaiting = 4; ///< batches

    nlb::Result<void> add(const Item& item);
    nlb::Result<void> hand_over();
    void wait_until_idle();
    void run();
    nlb::Result<void> tell(const Batch& batch);

    ReplaySink& to_;
    bool keeps_frames_;
    Batch batch_;

    std::mutex mutex_; ///< of what follows
    std::condition_variable changed_;
    std::deque<Batch> waiting_;
    std::vector<Batch> empty_; ///< with memory to use again
    bool busy_ = false;        ///< a batch is being told
    bool ended_ = false;
    nlb::Result<void> outcome_;

    std::thread thread_;
};
