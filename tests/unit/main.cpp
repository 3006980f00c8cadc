#define BOOST_TEST_MODULE nlb
#include <boost/test/unit_test.hpp>
