// SPDX-License-Identifier: Apache-2.0
#include "scan/files.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace nlb::scan; // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEnd = 1'545'349'200; // 2018-12-20T23:40:00
const std::string kName =
    "123456789012_elasticloadbalancing_us-east-2_net.my_lb.50dc_20181220T2340Z_5f3a.log.gz";

/// A folder that is gone at the end.
struct Scratch {
    Scratch() {
        std::string name = (fs::temp_directory_path() / "nlb-scan-XXXXXX").string();
        BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }

    ~Scratch() { fs::remove_all(path); }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    void file(const std::string& name) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name) << "\n";
    }

    fs::path path;
};

} // namespace

BOOST_AUTO_TEST_SUITE(scan_files)

BOOST_AUTO_TEST_CASE(a_name_tells_when_its_interval_ended) {
    BOOST_TEST(interval_end(kName).value_or(0) == kEnd);
    BOOST_TEST(!interval_end("access.log"));
    BOOST_TEST(!interval_end("a_20181320T2340Z_b"));
    BOOST_TEST(may_hold(kName, {.since = kEnd, .until = kEnd + 1}));
    BOOST_TEST(may_hold(kName, {.since = kEnd - 1000, .until = kEnd - 299}));
    BOOST_TEST(!may_hold(kName, {.since = kEnd + 1}));
    BOOST_TEST(!may_hold(kName, {.since = 0, .until = kEnd - 300}));
    BOOST_TEST(may_hold("access.log", {.since = kEnd + 1}));
}

BOOST_AUTO_TEST_CASE(vpc_flow_logs_hold_no_entries) {
    BOOST_TEST(!may_hold("1_vpcflowlogs_eu_net.a.1_20181220T2340Z_5f3a.log.gz", {}));
    BOOST_TEST(
        may_hold("1_elasticloadbalancing_eu_net.a_vpcflowlogs_1_20181220T2340Z_5f3a.log", {}));
    BOOST_TEST(may_hold("my_vpcflowlogs_", {}));
}

BOOST_AUTO_TEST_CASE(folders_outside_of_the_window_are_left_out) {
    const Scratch scratch;
    scratch.file("AWSLogs/1/elasticloadbalancing/eu/2018/12/18/a.log");
    scratch.file("AWSLogs/1/elasticloadbalancing/eu/2018/12/20/" + kName);
    scratch.file("AWSLogs/1/elasticloadbalancing/eu/2018/12/20/.hidden");
    scratch.file("AWSLogs/1/elasticloadbalancing/eu/2018/12/25/late.log");
    const std::vector<std::string> folder{scratch.path.string()};
    BOOST_TEST(expand(folder, {}).size() == 3U);
    const auto some = expand(folder, {.since = kEnd - 60, .until = kEnd});
    BOOST_REQUIRE(some.size() == 2U);
    BOOST_TEST(some.front().ends_with(kName));
    BOOST_TEST(some.back().ends_with("late.log")); // delivered later: only its lines can tell
    BOOST_TEST(expand({"-", "no/such/file"}, {}).size() == 2U);
}

BOOST_AUTO_TEST_CASE(pipes_and_loops_in_folders_are_left_out) {
    const Scratch scratch;
    scratch.file("day/a.log");
    fs::create_symlink(scratch.path / "day/a.log", scratch.path / "link.log");
    fs::create_directory_symlink(scratch.path, scratch.path / "day/loop");
    BOOST_REQUIRE(::mkfifo((scratch.path / "pipe").c_str(), 0600) == 0);
    std::vector<std::string> folders;
    const auto found = expand({scratch.path.string()}, {}, &folders);
    BOOST_REQUIRE(found.size() == 2U);
    BOOST_TEST(found.front().ends_with("day/a.log"));
    BOOST_TEST(found.back().ends_with("link.log"));
    BOOST_TEST(folders.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
