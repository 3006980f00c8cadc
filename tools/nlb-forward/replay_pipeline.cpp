// SPDX-License-Identifier: Apache-2.0
#include "replay_pipeline.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

ReplayPipeline::ReplayPipeline(ReplaySink& to, bool keeps_frames)
    : to_(to), keeps_frames_(keeps_frames), thread_([this] { run(); }) {
}

ReplayPipeline::~ReplayPipeline() {
    static_cast<void>(finish());
}

/// The names of what is decided and not told yet are those of the tables before.
void ReplayPipeline::set_tables(const flow::Tables& tables) {
    static_cast<void>(hand_over()); // the next packet meets the error
    wait_until_idle();
    to_.set_tables(tables);
}

Result<void> ReplayPipeline::decided(const replay::PacketPlace& place,
                                     const flow::Decision& decision,
                                     std::span<const flow::Asked> questions,
                                     std::span<const std::uint8_t> frame) {
    batch_.questions.insert(batch_.questions.end(), questions.begin(), questions.end());
    if (keeps_frames_) batch_.frames.insert(batch_.frames.end(), frame.begin(), frame.end());
    return add({place, decision, {}, questions.size(), keeps_frames_ ? frame.size() : 0});
}

Result<void> ReplayPipeline::skipped(const replay::PacketPlace& place, std::string_view why) {
    return add({place, {}, why});
}

Result<void> ReplayPipeline::add(const Item& item) {
    batch_.items.push_back(item);
    return batch_.items.size() < kItems ? Result<void>() : hand_over();
}

Result<void> ReplayPipeline::hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting; });
    if (!outcome_) return outcome_;
    waiting_.push_back(std::move(batch_));
    batch_ = {};
    if (!empty_.empty()) {
        batch_ = std::move(empty_.back());
        empty_.pop_back();
    }
    changed_.notify_all();
    return {};
}

void ReplayPipeline::wait_until_idle() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

Result<void> ReplayPipeline::finish() {
    if (!thread_.joinable()) return outcome_;
    static_cast<void>(hand_over()); // outcome_ has its error, too
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        changed_.notify_all();
    }
    thread_.join();
    return outcome_;
}

void ReplayPipeline::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return !waiting_.empty() || ended_; });
        if (waiting_.empty()) return;
        Batch batch = std::move(waiting_.front());
        waiting_.pop_front();
        busy_ = true;
        const bool is_sound = outcome_.has_value();
        changed_.notify_all();
        lock.unlock();
        auto told = is_sound ? tell(batch) : Result<void>();
        batch.items.clear();
        batch.questions.clear();
        batch.frames.clear();
        batch.filtered = 0;
        lock.lock();
        if (!told) outcome_ = std::move(told);
        empty_.push_back(std::move(batch));
        busy_ = false;
        changed_.notify_all();
    }
}

Result<void> ReplayPipeline::tell(const Batch& batch) {
    std::span<const flow::Asked> questions = batch.questions;
    std::span<const std::uint8_t> frames = batch.frames;
    for (std::uint64_t i = 0; i < batch.filtered; ++i)
        to_.filtered();
    for (const Item& item : batch.items) {
        auto told = item.why.empty()
                        ? to_.decided(item.place, item.decision, questions.first(item.questions),
                                      frames.first(item.bytes))
                        : to_.skipped(item.place, item.why);
        if (!told) return told;
        questions = questions.subspan(item.questions);
        frames = frames.subspan(item.bytes);
    }
    return {};
}
