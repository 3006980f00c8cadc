// SPDX-License-Identifier: Apache-2.0
// One direction of a TLS connection, as a capture holds it. The first byte says in which pieces the
// rest comes. Records and messages never hold more than came, whatever they say.
#include "base/check.hpp"
#include "wire/tls_hello.hpp"
#include "wire/tls_records.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace nlb::wire;

namespace {

void read(const TlsMessage& message) {
    const std::size_t most = message.body.size();
    if (const auto hello = read_client_hello(message.body)) {
        std::size_t bytes = hello->server_name.size();
        for (const std::string& name : hello->alpn)
            bytes += name.size();
        NLB_CHECK(bytes <= most);
    }
    if (const auto hello = read_server_hello(message.body)) NLB_CHECK(hello->alpn.size() < most);
    NLB_CHECK(!read_key_exchange_group(message.body) || most > 2);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] + std::size_t{1};
    TlsRecords records;
    TlsMessages messages;
    std::size_t in_records = 0;
    std::size_t in_messages = 0;
    for (std::size_t at = 1; at < size; at += step) {
        records.feed({reinterpret_cast<const char*>(data) + at, std::min(step, size - at)});
        while (const auto record = records.next()) {
            in_records += record->length;
            if (record->type == TlsRecordType::Handshake) messages.feed(record->content);
            while (const auto message = messages.next()) {
                in_messages += message->body.size();
                NLB_CHECK(message->body.size() <= TlsMessages::kLongest);
                read(*message);
            }
        }
    }
    NLB_CHECK(in_messages <= in_records && in_records < size);
    return 0;
}
