// SPDX-License-Identifier: Apache-2.0
// What was flushed is read again, whatever moment the writing stopped at.
#include "delivery/segment.hpp"
#include "delivery/spool.hpp"

#include "io/source.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace nlb;           // NOLINT(google-build-using-namespace)
using namespace nlb::delivery; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(segment)

namespace {

struct Folder {
    Folder() {
        std::string name = "/tmp/nlb-segment-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }

    ~Folder() { std::filesystem::remove_all(path); }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string path;
};

SegmentHead head() {
    return {{accesslog::LogKind::Access, "123456789012", "local-1", "net/web/1", {300'000}, "abc"},
            {"bucket", "a prefix/with = signs"}};
}

struct Content {
    std::string lines;
    std::uint64_t entries = 0;
    bool is_cut = false;
    SegmentHead head;
};

Content read(const std::string& path) {
    auto source = io::open_source(path);
    BOOST_REQUIRE(source.has_value());
    auto reader = SegmentReader::open(std::move(*source));
    BOOST_REQUIRE(reader.has_value());
    Content content;
    for (;;) {
        auto lines = reader->next();
        BOOST_REQUIRE(lines.has_value());
        if (lines->empty()) break;
        content.lines += *lines;
    }
    content.entries = reader->entries();
    content.is_cut = reader->is_cut();
    content.head = reader->head();
    return content;
}

} // namespace

BOOST_AUTO_TEST_CASE(frames_come_back_with_their_head) {
    const Folder folder;
    const std::string path = folder.path + "/a.segment";
    SegmentWriter writer(path, head());
    writer.add("one\n");
    writer.add("two\n");
    BOOST_REQUIRE(writer.flush().has_value());
    writer.add("three\n");
    BOOST_REQUIRE(writer.flush().has_value());
    BOOST_REQUIRE(writer.sync().has_value());
    BOOST_TEST(writer.bytes() == std::filesystem::file_size(path));
    const Content content = read(path);
    BOOST_TEST(content.lines == "one\ntwo\nthree\n");
    BOOST_TEST(content.entries == 3U);
    BOOST_TEST(!content.is_cut);
    BOOST_TEST((content.head == head()));
}

BOOST_AUTO_TEST_CASE(a_file_cut_at_any_byte_keeps_the_frames_before) {
    const Folder folder;
    const std::string path = folder.path + "/a.segment";
    SegmentWriter writer(path, head());
    writer.add("one\n");
    BOOST_REQUIRE(writer.flush().has_value());
    const auto first = writer.bytes();
    writer.add("two\n");
    BOOST_REQUIRE(writer.flush().has_value());
    for (auto length = first; length < writer.bytes(); ++length) {
        const std::string cut = folder.path + "/cut";
        std::filesystem::copy_file(path, cut, std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(cut, length);
        const Content content = read(cut);
        BOOST_TEST(content.lines == "one\n");
        BOOST_TEST(content.is_cut == (length != first));
        std::filesystem::resize_file(cut, writer.bytes()); // what a loss of power leaves: zeros
        BOOST_TEST(read(cut).lines == "one\n");
    }
}

BOOST_AUTO_TEST_CASE(a_full_disk_loses_nothing_and_leaves_no_part) {
    const Folder folder;
    const std::string path = folder.path + "/a.segment";
    SegmentWriter writer(path, head());
    writer.add("one\n");
    BOOST_REQUIRE(writer.flush().has_value());
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{writer.bytes() + 20, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    writer.add(std::string(500, 'x') + "\n");
    BOOST_TEST(!writer.flush().has_value());
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    BOOST_TEST(std::filesystem::file_size(path) == writer.bytes());
    writer.add("two\n");
    BOOST_REQUIRE(writer.flush().has_value());
    BOOST_TEST(read(path).lines == "one\n" + std::string(500, 'x') + "\ntwo\n");
    BOOST_TEST(read(path).entries == 3U);
}

BOOST_AUTO_TEST_CASE(a_head_that_leads_elsewhere_is_refused) {
    const Folder folder;
    SegmentHead bad = head();
    bad.label.region = "../../etc";
    SegmentWriter writer(folder.path + "/a.segment", bad);
    writer.add("one\n");
    BOOST_REQUIRE(writer.flush().has_value());
    auto source = io::open_source(writer.path());
    BOOST_TEST((SegmentReader::open(std::move(*source)).error().code == Errc::Data));
}

BOOST_AUTO_TEST_CASE(a_spool_belongs_to_one_and_sets_aside_what_is_damaged) {
    const Folder folder;
    auto spool = Spool::open(folder.path + "/spool");
    BOOST_REQUIRE(spool.has_value());
    BOOST_TEST((Spool::open(folder.path + "/spool").error().code == Errc::Usage));
    SegmentWriter writer(spool->folder() + "/b.segment", head());
    writer.add("one\n");
    BOOST_REQUIRE(writer.flush().has_value());
    std::ofstream(spool->folder() + "/a.segment") << "nothing of ours";
    const auto left = spool->left_over();
    BOOST_REQUIRE(left.has_value());
    BOOST_TEST(left->segments.size() == 1U);
    BOOST_TEST(left->segments[0].bucket == "bucket");
    BOOST_TEST(left->segments[0].bytes == writer.bytes());
    BOOST_TEST(left->damaged.size() == 1U);
    BOOST_TEST(std::filesystem::exists(spool->folder() + "/a.segment.damaged"));
}

BOOST_AUTO_TEST_SUITE_END()
