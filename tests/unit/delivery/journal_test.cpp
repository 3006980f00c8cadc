// SPDX-License-Identifier: Apache-2.0
// Entries become segments, by load balancer and interval.
#include "delivery/journal.hpp"
#include "delivery/object.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

using namespace nlb;           // NOLINT(google-build-using-namespace)
using namespace nlb::delivery; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(journal)

namespace {

constexpr WallTime kNow{1'777'593'700'000}; // 2026-05-01T00:01:40

struct Fixture {
    Fixture() {
        std::string name = "/tmp/nlb-journal-XXXXXX";
        BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
        folder = name;
        journal.emplace(Journal::Options{folder, "123456789012", "local-1",
                                         accesslog::Form::Current, accesslog::Rotation::Limits{},
                                         accesslog::TrafficType::Accept},
                        [this](std::string_view id) -> std::optional<Place> {
                            ++asked;
                            if (id == "net/off/1") return std::nullopt;
                            return Place{"bucket", ""};
                        });
    }

    ~Fixture() { std::filesystem::remove_all(folder); }

    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    Journal::Taken take(const std::string& id, const std::string& time = "2026-05-01T00:00:09") {
        return journal->take_line("tls 2.0 " + time + " " + id +
                                      " g3 203.0.113.9:4 10.0.0.1:443 1 - 0 0 - - - - - - - - - - "
                                      "2026-05-01T00:00:08",
                                  kNow);
    }

    std::string folder;
    std::optional<Journal> journal;
    int asked = 0;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(each_load_balancer_and_interval_has_a_segment, Fixture) {
    BOOST_TEST((take("net/a/1") == Journal::Taken::Held));
    BOOST_TEST((take("net/a/1") == Journal::Taken::Held));
    BOOST_TEST((take("net/b/1") == Journal::Taken::Held));
    BOOST_TEST((take("net/a/1", "2026-04-30T23:59:59") == Journal::Taken::Held));
    BOOST_REQUIRE(journal->flush().has_value());
    BOOST_TEST(journal->drain().empty());
    journal->end_all();
    const auto ended = journal->drain();
    BOOST_TEST(ended.size() == 3U);
    std::uint64_t entries = 0;
    for (const StoredSegment& segment : ended) {
        const auto object = make_object(segment.path, {compress::Method::None});
        BOOST_REQUIRE(object.has_value());
        BOOST_TEST(segment.bucket == "bucket");
        BOOST_TEST(object->name.ends_with(".log"));
        entries += object->entries;
    }
    BOOST_TEST(entries == 4U);
    BOOST_TEST(journal->bytes() == 0U);
}

BOOST_FIXTURE_TEST_CASE(what_is_not_written_is_not_given_away, Fixture) {
    take("net/a/1");
    journal->end_all();
    BOOST_TEST(journal->drain().empty());
    BOOST_TEST(journal->bytes() > 0U);
    BOOST_REQUIRE(journal->flush().has_value());
    BOOST_TEST(journal->drain().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_load_balancer_without_access_logs_leaves_nothing, Fixture) {
    BOOST_TEST((take("net/off/1") == Journal::Taken::Off));
    BOOST_TEST((take("net/off/1") == Journal::Taken::Off));
    BOOST_TEST(asked == 1);
    journal->end_all();
    BOOST_TEST((take("net/off/1") == Journal::Taken::Off));
    BOOST_TEST(asked == 2);
    BOOST_TEST(std::filesystem::is_empty(folder));
}

BOOST_FIXTURE_TEST_CASE(what_is_no_entry_is_refused_with_a_reason, Fixture) {
    BOOST_TEST((journal->take_line("hello", kNow) == Journal::Taken::Refused));
    BOOST_TEST(journal->why() == "it does not begin with 'tls '");
    BOOST_TEST((take("net/../../x\x01") == Journal::Taken::Refused));
    BOOST_TEST((take("net/a/1", "yesterday") == Journal::Taken::Refused));
    BOOST_TEST((take("net/a/1", "1969-12-31T23:50:00") == Journal::Taken::Refused));
    BOOST_TEST(journal->why() == "its time is not of 1970 to 9999");
    contract::TlsConnection late;
    late.elb.value = "net/a/1";
    late.time_ms = 253'402'300'800'000;
    BOOST_TEST((journal->take(late, kNow) == Journal::Taken::Refused));
    late.time_ms = ~std::uint64_t{700'000}; // negative when read as signed
    BOOST_TEST((journal->take(late, kNow) == Journal::Taken::Refused));
}

BOOST_FIXTURE_TEST_CASE(flows_have_segments_of_their_own, Fixture) {
    contract::Flow flow;
    flow.load_balancer = model::LoadBalancerId{"net/a/1"};
    flow.start_ms = 1'777'593'600'000;
    flow.target_address = IpAddress();
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Off));
    flow.accepted = true;
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Held));
    take("net/a/1");
    flow.start_ms = 1'777'593'899'999; // the same five minutes
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Held));
    flow.load_balancer = model::LoadBalancerId{"net/off/1"};
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Off));
    flow.load_balancer.reset();
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Refused));
    BOOST_TEST(journal->why() == "a flow without load_balancer");
    flow.client_port = 65536;
    BOOST_TEST((journal->take(flow, kNow) == Journal::Taken::Refused));
    BOOST_REQUIRE(journal->flush().has_value());
    journal->end_all();
    const auto ended = journal->drain();
    BOOST_REQUIRE(ended.size() == 2U);
    const auto is_flow = [](const StoredSegment& one) {
        return one.path.find("_vpcflowlogs_") != std::string::npos;
    };
    const auto segment = std::find_if(ended.begin(), ended.end(), is_flow);
    BOOST_REQUIRE((segment != ended.end()));
    const auto object = make_object(segment->path, {compress::Method::None});
    BOOST_REQUIRE(object.has_value());
    BOOST_TEST(object->entries == 2U);
    BOOST_TEST(object->bytes.starts_with(accesslog::kVpcFlowLogHeader));
    BOOST_TEST(std::count(object->bytes.begin(), object->bytes.end(), '\n') == 5);
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_is_gone_holds_entries_until_it_is_back, Fixture) {
    std::filesystem::remove(folder);
    take("net/a/1");
    BOOST_TEST(!journal->flush().has_value());
    std::filesystem::create_directory(folder);
    BOOST_REQUIRE(journal->flush().has_value());
    journal->end_all();
    BOOST_TEST(journal->drain().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
