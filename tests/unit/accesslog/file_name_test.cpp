// SPDX-License-Identifier: Apache-2.0
#include "accesslog/file_name.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;            // NOLINT(google-build-using-namespace)
using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(file_name_and_folder)

namespace {

constexpr WallTime kMidnight{1'588'291'200'000}; // 2020-05-01T00:00:00

} // namespace

BOOST_AUTO_TEST_CASE(the_example_of_the_guide) {
    const FileLabel label{LogKind::Access, "123456789012",
                          "us-east-2",     "net/my-loadbalancer/1234567890abcdef",
                          kMidnight,       "20sg8hgm"};
    BOOST_TEST(file_folder(label, "prefix", kMidnight) + file_name(label, ".gz") ==
               "prefix/AWSLogs/123456789012/elasticloadbalancing/us-east-2/2020/05/01/"
               "123456789012_elasticloadbalancing_us-east-2_net.my-loadbalancer.1234567890abcdef_"
               "20200501T0000Z_20sg8hgm.log.gz");
}

BOOST_AUTO_TEST_CASE(the_folder_is_of_the_day_of_delivery) {
    const FileLabel label{LogKind::Flow, "1", "r", "fl-1", kMidnight, "x"};
    BOOST_TEST(file_folder(label, "", {kMidnight.unix_ms - 1}) ==
               "AWSLogs/1/vpcflowlogs/r/2020/04/30/");
    BOOST_TEST(file_folder(label, "a/b/", kMidnight) == "a/b/AWSLogs/1/vpcflowlogs/r/2020/05/01/");
}

BOOST_AUTO_TEST_CASE(an_interval_has_its_first_moment_and_not_its_last) {
    // "20181220T2340Z contains entries for requests made between 23:35 and 23:40" [p.81]
    constexpr std::int64_t k2335 = 1'545'348'900'000;
    BOOST_TEST(interval_end({k2335}).unix_ms == k2335 + kIntervalMs);
    BOOST_TEST(interval_end({k2335 + kIntervalMs - 1}).unix_ms == k2335 + kIntervalMs);
    BOOST_TEST(interval_end({k2335 - 1}).unix_ms == k2335);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_interval_is_found_in_a_name) {
    const FileLabel label{LogKind::Access, "1", "r", "net/a_b/1", kMidnight, "20sg8hgm"};
    for (const char* suffix : {"", ".gz", ".zst"})
        BOOST_TEST(end_in_file_name(file_name(label, suffix))->unix_ms == kMidnight.unix_ms);
    for (const char* name :
         {"", "_", "a.log", "x_20200501T0000Z.log", "x_20200532T0000Z_a.log",
          "x_20200501T0000Z_a.txt", "x_2020050110000Z_a.log", "20200501T0000Z_a.log"})
        BOOST_TEST(!end_in_file_name(name).has_value(), name);
}

BOOST_AUTO_TEST_CASE(a_name_tells_what_the_file_holds) {
    for (const LogKind kind : {LogKind::Access, LogKind::Flow}) {
        const FileLabel label{kind, "1", "r", "net/a_vpcflowlogs_b/1", kMidnight, "20sg8hgm"};
        BOOST_TEST(is_flow_log_name(file_name(label, ".gz")) == (kind == LogKind::Flow));
    }
    for (const char* name : {"", "vpcflowlogs", "_vpcflowlogs_", "1_vpcflowlogs_r_net.a.1.log"})
        BOOST_TEST(!is_flow_log_name(name), name);
}

BOOST_AUTO_TEST_CASE(only_what_can_be_in_a_file_name_is_an_id) {
    BOOST_TEST(is_resource_id("net/my-lb_1.x/50dc6c495c0c9188"));
    BOOST_TEST(!is_resource_id(""));
    BOOST_TEST(!is_resource_id("net/a b"));
    BOOST_TEST(!is_resource_id(std::string("net/\0x", 6)));
    BOOST_TEST(!is_resource_id(std::string(129, 'a')));
}

BOOST_AUTO_TEST_SUITE_END()
