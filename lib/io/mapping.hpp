// SPDX-License-Identifier: Apache-2.0
// Values in memory that is mapped: those of a BPF map, which programs in the kernel see too, or
// zeros of nobody else's.
#pragma once

#include "io/fd.hpp"

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace nlb::io {

template <class Value>
class Mapping {
  public:
    Mapping() = default;

    /// The first `count` values of a BPF map, which may be closed afterwards; its values must be as
    /// large as `Value` and a multiple of 8. Errors: System.
    static Result<Mapping> of(int map, std::size_t count, const std::string& name) {
        return make(count, MAP_SHARED, map, "map the BPF map " + name);
    }

    /// `count` zeros. Errors: System.
    static Result<Mapping> of_zeros(std::size_t count) {
        return make(count, MAP_PRIVATE | MAP_ANONYMOUS, -1, "map memory");
    }

    ~Mapping() {
        if (!values_.empty()) ::munmap(values_.data(), values_.size_bytes());
    }

    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    Mapping(Mapping&& other) noexcept : values_(std::exchange(other.values_, {})) {}

    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(values_, other.values_);
        return *this;
    }

    /// A null pointer past the last one.
    [[nodiscard]] Value* at(std::size_t number) const {
        return number < values_.size() ? &values_[number] : nullptr;
    }

    [[nodiscard]] std::span<Value> values() const { return values_; }

  private:
    explicit Mapping(std::span<Value> values) : values_(values) {}

    static Result<Mapping> make(std::size_t count, int flags, int fd, const std::string& what) {
        void* memory = ::mmap(nullptr, count * sizeof(Value), PROT_READ | PROT_WRITE, flags, fd, 0);
        if (memory == MAP_FAILED) return sys_error(what);
        return Mapping(std::span<Value>(static_cast<Value*>(memory), count));
    }

    std::span<Value> values_;
};

} // namespace nlb::io
