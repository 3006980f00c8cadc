// SPDX-License-Identifier: Apache-2.0
#include "app/table.hpp"

#include <boost/test/unit_test.hpp>

using nlb::app::Table;

namespace {

Table targets() {
    Table table({"TARGET", "STATE"});
    table.add({"10.0.0.1:80", "healthy"});
    table.add({"i-1:8080", "unhealthy"});
    return table;
}

} // namespace

BOOST_AUTO_TEST_SUITE(app_table)

BOOST_AUTO_TEST_CASE(columns_are_aligned_for_the_eye) {
    BOOST_TEST(targets().text(true) == "TARGET       STATE\n"
                                       "10.0.0.1:80  healthy\n"
                                       "i-1:8080     unhealthy\n");
}

BOOST_AUTO_TEST_CASE(columns_are_separated_by_one_tab_for_programs) {
    BOOST_TEST(targets().text(false) ==
               "TARGET\tSTATE\n10.0.0.1:80\thealthy\ni-1:8080\tunhealthy\n");
}

BOOST_AUTO_TEST_SUITE_END()
