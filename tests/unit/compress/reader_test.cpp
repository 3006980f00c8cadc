// SPDX-License-Identifier: Apache-2.0
#include "compress/reader.hpp"

#include <boost/test/unit_test.hpp>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <vector>

using nlb::Result;
using nlb::compress::ByteSource;
using nlb::compress::Reader;

namespace {

std::string text_of(std::size_t bytes) {
    std::string text;
    for (unsigned i = 0; text.size() < bytes; ++i)
        text += "line " + std::to_string(i * 2654435761U) + "\n";
    text.resize(bytes);
    return text;
}

std::string gzip(const std::string& text, gz_header* header = nullptr) {
    std::string out(text.size() + 1000, '\0');
    z_stream z{};
    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    if (header != nullptr) deflateSetHeader(&z, header);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    BOOST_REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

std::string zstd(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

/// A source that gives at most `step` bytes at once.
ByteSource dripping(const std::string& bytes, std::size_t step) {
    return [&bytes, step,
            at = std::size_t{0}](std::span<std::uint8_t> out) mutable -> Result<std::size_t> {
        const std::size_t n = std::min({bytes.size() - at, out.size(), step});
        std::copy_n(bytes.data() + at, n, reinterpret_cast<char*>(out.data()));
        at += n;
        return n;
    };
}

struct Outcome {
    std::string text;
    std::string error;
};

Outcome read_all(const std::string& bytes, std::size_t step = 1U << 20U,
                 std::size_t room = std::size_t{300} * 1024) {
    Reader reader(dripping(bytes, step));
    std::vector<std::uint8_t> out(room);
    Outcome outcome;
    for (;;) {
        auto n = reader.read(out);
        if (!n) outcome.error = n.error().text();
        if (!n || *n == 0) return outcome;
        outcome.text.append(reinterpret_cast<const char*>(out.data()), *n);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(compress_reader)

BOOST_AUTO_TEST_CASE(members_and_frames_may_follow_each_other) {
    const std::string a = text_of(200'000);
    const std::string b = text_of(1000);
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}, std::size_t{1} << 20U}) {
        BOOST_TEST((read_all(gzip(a) + gzip("") + gzip(b), step).text == a + b));
        BOOST_TEST((read_all(zstd(a) + zstd(b), step).text == a + b));
        const Outcome mixed = read_all(gzip(b) + zstd(a) + gzip(b), step);
        BOOST_TEST((mixed.text == b + a + b));
        BOOST_TEST(mixed.error == "");
    }
}

BOOST_AUTO_TEST_CASE(small_outputs_lose_nothing) {
    const std::string text = text_of(70'000);
    for (const std::size_t room : {std::size_t{1}, std::size_t{777}}) {
        BOOST_TEST((read_all(gzip(text) + gzip(text), 4096, room).text == text + text));
        BOOST_TEST((read_all(zstd(text), 4096, room).text == text));
    }
}

BOOST_AUTO_TEST_CASE(other_bytes_are_plain) {
    for (const std::string& text :
         {std::string(), std::string("a"), std::string("\x1f"), text_of(70'000)}) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{1} << 20U})
            BOOST_TEST((read_all(text, step).text == text));
    }
}

BOOST_AUTO_TEST_CASE(what_was_cut_is_read_and_told) {
    const std::string text = text_of(300'000);
    for (const std::string& whole : {gzip(text), zstd(text)}) {
        for (const std::size_t missing : {std::size_t{1}, std::size_t{9}, whole.size() / 2}) {
            const Outcome outcome = read_all(whole.substr(0, whole.size() - missing));
            BOOST_TEST(outcome.error == "the compressed data ends too early");
            BOOST_TEST(text.starts_with(outcome.text));
            if (missing == 1) BOOST_TEST(outcome.text.size() > text.size() / 2);
        }
    }
}

BOOST_AUTO_TEST_CASE(damage_is_told_after_what_came_before) {
    const std::string text = text_of(300'000);
    std::string bytes = gzip(text);
    bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1); // of the checksum
    Outcome outcome = read_all(bytes);
    BOOST_TEST(outcome.error == "damaged gzip data: wrong checksum");
    BOOST_TEST((outcome.text == text));
    outcome = read_all(gzip(text) + "plain text");
    BOOST_TEST(outcome.error == "what follows the compressed data is not compressed");
    BOOST_TEST((outcome.text == text));
}

BOOST_AUTO_TEST_CASE(a_copy_from_before_the_begin_is_damage) {
    // ISA-L then says that more is left than there was.
    using namespace std::string_literals;
    const std::string bytes = "\x1f\x8b\x08\0\x67\0\0\0\0\x02\x03\x05\xc1\xc9\x0d\xc0\x20\x0c\0\xb0"
                              "\x55\xb2\0\x25\x09\x6e"s;
    BOOST_TEST(read_all(bytes).error == "damaged gzip data: an invalid distance");
}

BOOST_AUTO_TEST_CASE(headers_have_all_parts_and_come_in_pieces) {
    const std::string text = text_of(1000);
    std::string extra(300, 'x');
    std::string name = "a.log";
    gz_header header{};
    header.extra = reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
    header.name = reinterpret_cast<Bytef*>(name.data());
    header.comment = reinterpret_cast<Bytef*>(name.data());
    header.hcrc = 1;
    const std::string whole = gzip(text, &header);
    std::string damaged = whole;
    damaged[100] = 'y';
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
        BOOST_TEST((read_all(whole + whole, step).text == text + text));
        BOOST_TEST(read_all(damaged, step).error == "damaged gzip data: wrong checksum");
        BOOST_TEST(read_all(whole.substr(0, 200), step).error ==
                   "the compressed data ends too early");
    }
    const std::string endless = whole.substr(0, 312) + std::string(100'000, 'x');
    BOOST_TEST(read_all(endless).error == "damaged gzip data: an invalid header");
}

BOOST_AUTO_TEST_CASE(a_frame_is_as_long_as_it_says) {
    const std::string whole = zstd(text_of(1000));
    std::string longer = whole;
    longer[5] = static_cast<char>(longer[5] + 1); // the content size, behind magic and descriptor
    for (const std::size_t step : {std::size_t{1}, std::size_t{1} << 20U}) {
        BOOST_TEST(read_all(whole, step).error == "");
        BOOST_TEST(read_all(longer, step).error.starts_with("damaged zstd data"));
    }
}

BOOST_AUTO_TEST_CASE(padding_with_zeros_is_no_data) {
    const std::string text = text_of(1000);
    const Outcome outcome = read_all(gzip(text) + std::string(100'000, '\0'));
    BOOST_TEST(outcome.error == "");
    BOOST_TEST((outcome.text == text));
}

BOOST_AUTO_TEST_SUITE_END()
