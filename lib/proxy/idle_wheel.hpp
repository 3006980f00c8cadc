// SPDX-License-Identifier: Apache-2.0
// IdleWheel: when to look at which connection again. A wheel of lists in 100 ms steps; touching a
// connection costs nothing here, because whoever is due is asked when it was last active and put
// back. Time is milliseconds since any fixed point.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nlb::proxy {

class IdleWheel {
  public:
    using Id = std::uint32_t; ///< small numbers, reused: they index an array

    static constexpr std::int64_t kStepMs = 100;
    static constexpr std::int64_t kNever = -1;

    explicit IdleWheel(std::int64_t now_ms);

    /// Asks for `id` at `due_ms` or up to kStepMs later; further away than the wheel reaches (409
    /// s) it comes early. `id` is not in the wheel yet.
    void add(Id id, std::int64_t due_ms);

    /// `id` may be absent.
    void remove(Id id);

    /// Takes out everything due at `now_ms`, appended to `due`.
    void advance(std::int64_t now_ms, std::vector<Id>& due);

    /// When advance() will next have something to do, or kNever.
    [[nodiscard]] std::int64_t next_ms() const;

  private:
    static constexpr std::size_t kSlots = 4096;
    static constexpr std::uint32_t kNone = ~std::uint32_t{0};

    struct Node {
        std::uint32_t slot = kNone; // kNone: not in the wheel
        Id before = kNone;
        Id after = kNone;
    };

    std::array<Id, kSlots> first_{};
    std::array<std::uint64_t, kSlots / 64> used_{}; // a bit per slot that is not empty
    std::vector<Node> nodes_;
    std::int64_t step_; // every slot up to this step is done
};

} // namespace nlb::proxy
