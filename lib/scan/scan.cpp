// SPDX-License-Identifier: Apache-2.0
#include "scan/scan.hpp"

#include "base/text.hpp"

#include <sys/eventfd.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace nlb::scan {

namespace {

constexpr std::size_t kMostPending = 12U << 20U; ///< bytes that wait for earlier ones

enum class State : std::uint8_t { Unopened, Free, Busy, Done };

struct File {
    File(const Input& input, const io::Fd& until, const envelope::Key* key)
        : feed(input, until, key) {}

    Feed feed;
    State state = State::Unopened;
    std::uint64_t pieces = 0;
    std::optional<Error> problem;
};

/// What all threads share.
class Work {
  public:
    Work(const std::vector<Input>& inputs, const Wishes& wishes, const Sink& sink, bool ordered)
        : wishes_(wishes), sink_(sink), is_ordered_(ordered) {
        for (const Input& input : inputs)
            files_.push_back(
                std::make_unique<File>(input, stop_, wishes.key ? &*wishes.key : nullptr));
    }

    /// One thread: pieces until there are none.
    void run(query::Worker& worker, Totals& totals) {
        Buffer buffer;
        std::size_t mine = files_.size();
        while (const std::optional<std::size_t> file = choose(mine)) {
            mine = *file;
            query::Place place{.file = *file};
            if (!read(*files_[*file], buffer, place)) continue;
            query::Piece piece;
            worker.take(buffer.text(), place, piece);
            count(*files_[*file], place, piece, totals);
            if (is_ordered_) deliver(place, std::move(piece));
        }
    }

    Result<void> finish(Totals& totals) {
        if (failure_) return tl::unexpected<Error>(*failure_);
        totals.first_rejected = first_rejected_;
        for (const auto& file : files_) {
            totals.bytes += file->feed.taken();
            if (file->problem) totals.problems.push_back(*file->problem);
        }
        return {};
    }

  private:
    /// A file to read on in, which is Busy then; waits while all are; nothing when all are done.
    std::optional<std::size_t> choose(std::size_t mine) {
        std::unique_lock lock(mutex_);
        for (;;) {
            bool is_any_busy = false;
            const auto found = candidate(mine, is_any_busy);
            if (has_stopped_ || (!found && !is_any_busy)) return std::nullopt;
            // What is worked on or written will make room.
            const bool is_full =
                pending_bytes_ > 2 * kMostPending && (in_work_ > 0 || is_delivering_);
            if (found && !is_full) {
                files_[*found]->state = State::Busy;
                return found;
            }
            changed_.wait(lock);
        }
    }

    /// In order, the earliest that is not being read; else one's own, one that nobody has, any.
    std::optional<std::size_t> candidate(std::size_t mine, bool& is_any_busy) {
        while (first_ < files_.size() && files_[first_]->state == State::Done)
            ++first_;
        const bool is_mine_free = mine < files_.size() && files_[mine]->state == State::Free;
        if (!is_ordered_ && is_mine_free) return mine;
        const bool only_first = is_ordered_ && pending_bytes_ > kMostPending;
        const std::size_t end = only_first ? std::min(first_ + 1, files_.size()) : files_.size();
        return candidate_of({first_, end}, is_any_busy);
    }

    std::optional<std::size_t> candidate_of(std::pair<std::size_t, std::size_t> range,
                                            bool& is_any_busy) {
        std::optional<std::size_t> unopened;
        std::optional<std::size_t> free;
        for (std::size_t i = range.first; i < range.second && !unopened; ++i) {
            const State state = files_[i]->state;
            is_any_busy |= state == State::Busy;
            if (state == State::Free && !free) free = i;
            if (state == State::Unopened) unopened = i;
        }
        const auto& better = is_ordered_ ? free : unopened;
        const auto& other = is_ordered_ ? unopened : free;
        return better ? better : other;
    }

    /// The next piece; false at the end of the file.
    bool read(File& file, Buffer& buffer, query::Place& place) {
        auto ok = file.feed.next(buffer);
        const bool has_some = ok && buffer.used > 0;
        std::unique_lock lock(mutex_);
        if (!ok) file.problem = ok.error();
        place.piece = file.pieces;
        file.pieces += has_some ? 1 : 0;
        in_work_ += has_some && is_ordered_ ? 1 : 0;
        file.state = has_some ? State::Free : State::Done;
        if (!has_some) {
            file.feed.close();
            if (wishes_.progress) wishes_.progress(++done_, files_.size());
        }
        changed_.notify_all();
        if (!has_some && is_ordered_) hand_over_all(lock); // the next file's turn may be now
        return has_some;
    }

    void count(const File& file, query::Place place, const query::Piece& piece, Totals& totals) {
        totals.entries += piece.entries;
        totals.rejected += piece.lines_rejected;
        if (piece.lines_rejected == 0) return;
        const std::string text =
            in_quotes(file.feed.path()) + ": " + std::string(to_text(piece.first_problem));
        const std::lock_guard lock(mutex_);
        if (wishes_.is_strict) stop(Error{Errc::Data, 0, "a line is no entry: " + text});
        if (!first_rejected_.empty() && place > first_place_) return;
        first_rejected_ = text;
        first_place_ = place;
    }

    void stop(std::optional<Error> why) {
        has_stopped_ = true;
        if (!failure_) failure_ = std::move(why);
        ::eventfd_write(stop_.get(), 1);
        changed_.notify_all();
    }

    void deliver(query::Place place, query::Piece piece) {
        std::unique_lock lock(mutex_);
        --in_work_;
        changed_.notify_all();
        pending_bytes_ += piece.rows.size() + piece.rejected.size();
        pending_.emplace(std::pair(place.file, place.piece), std::move(piece));
        hand_over_all(lock);
    }

    /// Everything whose turn it is.
    void hand_over_all(std::unique_lock<std::mutex>& lock) {
        if (is_delivering_) return; // whoever does will find it
        is_delivering_ = true;
        for (auto next = pop(); next && !has_stopped_; next = pop()) {
            lock.unlock();
            const Result<bool> go_on = hand_over(*next);
            lock.lock();
            if (!go_on || !*go_on)
                stop(go_on ? std::optional<Error>() : std::optional<Error>(go_on.error()));
        }
        is_delivering_ = false;
        changed_.notify_all();
    }

    Result<bool> hand_over(const query::Piece& piece) {
        Result<bool> go_on = true;
        if (!piece.rejected.empty()) go_on = sink_.rejected(piece.rejected);
        if (go_on && *go_on && !piece.rows.empty()) go_on = sink_.rows(piece.rows);
        return go_on;
    }

    /// Behind the last piece of a file comes the next file.
    void advance() {
        while (next_.first < files_.size() && files_[next_.first]->state == State::Done &&
               next_.second == files_[next_.first]->pieces)
            next_ = {next_.first + 1, 0};
    }

    std::optional<query::Piece> pop() {
        advance();
        const auto found = pending_.find(next_);
        if (found == pending_.end()) return std::nullopt;
        query::Piece piece = std::move(found->second);
        pending_.erase(found);
        ++next_.second;
        pending_bytes_ -= piece.rows.size() + piece.rejected.size();
        changed_.notify_all();
        return piece;
    }

    const Wishes& wishes_;
    const Sink& sink_;
    const bool is_ordered_;
    const io::Fd stop_{::eventfd(0, EFD_CLOEXEC)}; ///< nobody waits for a pipe any more
    std::vector<std::unique_ptr<File>> files_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t first_ = 0; ///< file that is not Done
    bool has_stopped_ = false;
    bool is_delivering_ = false;
    std::optional<Error> failure_;
    std::map<std::pair<std::uint64_t, std::uint64_t>, query::Piece> pending_;
    std::pair<std::uint64_t, std::uint64_t> next_; ///< file and piece to be handed over
    std::size_t pending_bytes_ = 0;
    std::size_t done_ = 0;    ///< files
    std::size_t in_work_ = 0; ///< pieces that were read and are not pending yet
    std::string first_rejected_;
    query::Place first_place_; ///< of it
};

void add(Totals& to, const Totals& other) {
    to.entries += other.entries;
    to.rejected += other.rejected;
}

} // namespace

Result<Answer> scan(const std::vector<Input>& inputs, const query::Query& query,
                    const Wishes& wishes, const Sink& sink) {
    const bool has_rows = !query.grouped && query.order.empty();
    Work work(inputs, wishes, sink, has_rows || wishes.worker.keeps_rejected);
    std::vector<query::Worker> workers;
    std::vector<Totals> totals(wishes.jobs);
    for (unsigned i = 0; i < wishes.jobs; ++i)
        workers.emplace_back(query, wishes.worker);
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < wishes.jobs; ++i)
        threads.emplace_back([&, i] { work.run(workers[i], totals[i]); });
    work.run(workers[0], totals[0]);
    threads.clear();
    Answer answer{.totals = {},
                  .candidates = std::move(workers[0].candidates()),
                  .groups = std::move(workers[0].groups())};
    for (unsigned i = 0; i < wishes.jobs; ++i) {
        add(answer.totals, totals[i]);
        if (i == 0) continue;
        answer.groups.merge(std::move(workers[i].groups()));
        auto& more = workers[i].candidates();
        std::move(more.begin(), more.end(), std::back_inserter(answer.candidates));
    }
    settle(query, answer.candidates);
    if (auto ok = work.finish(answer.totals); !ok) return tl::unexpected<Error>(ok.error());
    return answer;
}

} // namespace nlb::scan
