// SPDX-License-Identifier: Apache-2.0
#include "capture/byte_stream.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <string>

namespace nlb::capture {

Result<const std::uint8_t*> ByteStream::fill(std::size_t bytes, const char* what) {
    NLB_CHECK(bytes <= kMostAtOnce);
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= begin_;
    begin_ = 0;
    while (end_ < bytes) {
        auto n = reader_.read(std::span(buffer_).subspan(end_));
        if (!n) return tl::unexpected(n.error());
        if (*n == 0 && end_ == 0) return nullptr;
        if (*n == 0)
            return fail(Errc::Data, std::string("the file ends inside ") + what + ": " +
                                        std::to_string(end_) + " of " + std::to_string(bytes) +
                                        " bytes");
        end_ += *n;
    }
    begin_ = bytes;
    return buffer_.data();
}

Result<bool> ByteStream::read(std::span<std::uint8_t> out, const char* what) {
    auto bytes = take(out.size(), what);
    if (!bytes) return tl::unexpected(bytes.error());
    if (*bytes == nullptr) return false;
    std::copy_n(*bytes, out.size(), out.begin());
    return true;
}

Result<void> ByteStream::skip(std::uint64_t bytes, const char* what) {
    while (bytes > 0) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, kMostAtOnce));
        auto got = take(n, what);
        if (!got) return tl::unexpected(got.error());
        if (*got == nullptr) return fail(Errc::Data, std::string("the file ends inside ") + what);
        bytes -= n;
    }
    return {};
}

} // namespace nlb::capture
