// SPDX-License-Identifier: Apache-2.0
// The client side of TLS fed with any bytes in pieces: it ends in a named failure or waits for
// more.
#include "tls/client.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <cstdint>

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto context = nlb::tls::ClientContext::for_checks();
    NLB_CHECK(context.has_value());
    nlb::tls::ClientSession session(*context);
    session.write("GET / HTTP/1.1\r\n\r\n");
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are text here
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (std::size_t piece = 1; !bytes.empty(); piece = piece * 2 + 1) {
        session.feed(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        session.sent(session.pending().size());
        session.drain();
    }
    NLB_CHECK(!session.is_established()); // nobody guesses a key
    return 0;
}
