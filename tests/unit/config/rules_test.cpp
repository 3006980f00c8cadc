// SPDX-License-Identifier: Apache-2.0
// tests/data/config/rules.rows: a valid file with one change a row, and what must be said of it.
#include "support/text_file.hpp"

#include "config/config.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>
#include <vector>

using namespace nlb;

namespace {

struct Row {
    std::string rule;
    std::string before;
    std::string after;
    std::string outcome; ///< "valid", or "COUNT LINE:COLUMN: PATH = 'VALUE': ALLOWED"
};

/// The text of a row's line behind its sign, \n standing for a newline.
std::string value_of(std::string line) {
    line.erase(0, 2);
    for (std::size_t at = 0; (at = line.find("\\n", at)) != std::string::npos; ++at)
        line.replace(at, 2, "\n");
    return line;
}

std::vector<Row> rows() {
    std::istringstream in(tests::text_file(NLB_TEST_DATA "/config/rules.rows"));
    std::vector<Row> all;
    std::string line;
    while (std::getline(in, line)) {
        if (line.empty() || line[0] == '#') continue;
        if (line.starts_with("- ")) {
            all.back().before = value_of(line);
        } else if (line.starts_with("+ ")) {
            all.back().after = value_of(line);
        } else if (line.starts_with("= ")) {
            all.back().outcome = line.substr(2);
        } else {
            all.push_back({line, "", "", ""});
        }
    }
    return all;
}

std::string replaced(std::string text, const Row& row) {
    const std::size_t at = text.find(row.before);
    const bool once = at != std::string::npos && text.find(row.before, at + 1) == std::string::npos;
    BOOST_REQUIRE_MESSAGE(once, row.rule << ": must stand once: " << row.before);
    return text.replace(at, row.before.size(), row.after);
}

std::string all_texts(const config::Problems& problems) {
    std::string out;
    for (const auto& problem : problems)
        out += problem.text() + "\n";
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_rules)

BOOST_AUTO_TEST_CASE(every_row_has_the_outcome_it_names) {
    const std::string base = tests::text_file(NLB_TEST_DATA "/config/rules.toml");
    const auto all = rows();
    BOOST_TEST(all.size() > 100U);
    for (const Row& row : all) {
        const auto loaded = config::load(replaced(base, row), "f");
        const config::Problems problems = loaded ? config::Problems{} : loaded.error();
        const std::string said = all_texts(problems);
        if (row.outcome == "valid") {
            BOOST_TEST(problems.empty(), row.rule << ":\n" << said);
            continue;
        }
        const std::size_t space = row.outcome.find(' ');
        BOOST_TEST(std::to_string(problems.size()) == row.outcome.substr(0, space), row.rule
                                                                                        << ":\n"
                                                                                        << said);
        const std::string wanted = "f:" + row.outcome.substr(space + 1) + "\n";
        BOOST_TEST(said.find(wanted) != std::string::npos, row.rule << ":\n" << said);
    }
}

BOOST_AUTO_TEST_CASE(all_problems_of_the_file_are_said_in_its_order) {
    const auto loaded = config::load("acount = 1\n[[load_balancers]]\nname = \"-\"\nid = 7\n"
                                     "[[load_balancers.listeners]]\nport = 0\n",
                                     "f");
    BOOST_REQUIRE(!loaded.has_value());
    BOOST_TEST(all_texts(loaded.error()) ==
               "f:1:1: acount: unknown key; did you mean 'account'?\n"
               "f:2:1: load_balancers[0].zones: required: at least one zone with a node address\n"
               "f:3:8: load_balancers[0].name = '-': 1 to 32 letters, digits and hyphens, no "
               "hyphen first or last\n"
               "f:4:6: load_balancers[0].id = '7': must be 16 digits 0-9 a-f in quotes\n"
               "f:5:1: load_balancers[0].listeners[0].protocol: required: TCP, TLS, UDP or "
               "TCP_UDP\n"
               "f:5:1: load_balancers[0].listeners[0].target_group: required: a string\n"
               "f:6:8: load_balancers[0].listeners[0].port = '0': must be a whole number from 1 "
               "to 65535\n");
}

BOOST_AUTO_TEST_CASE(advice_does_not_refuse_the_file) {
    const Row row{"", "deregistration_delay.timeout_seconds = 300",
                  "deregistration_delay.timeout_seconds = 119", ""};
    const auto loaded =
        config::load(replaced(tests::text_file(NLB_TEST_DATA "/config/rules.toml"), row), "f");
    BOOST_REQUIRE(loaded.has_value());
    BOOST_REQUIRE(loaded->warnings.size() == 1U);
    BOOST_TEST(loaded->warnings[0].text("warning: ") ==
               "f:103:40: warning: target_groups[0].attributes.deregistration_delay."
               "timeout_seconds = '119': at least 120 is advised, so that connections can finish");
}

BOOST_AUTO_TEST_SUITE_END()
