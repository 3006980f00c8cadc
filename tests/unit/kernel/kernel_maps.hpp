// SPDX-License-Identifier: Apache-2.0
// Maps as the programs have them, for tests that need no program.
#pragma once

#include "bpf/nlb_maps.h"

#include "io/bpf_tables.hpp"

#include <boost/test/unit_test.hpp>
#include <bpf/bpf.h>

#include <cstdlib>
#include <map>
#include <string>

namespace nlb::test {

inline io::Fd make_map(bpf_map_type type, std::size_t key, std::size_t value, std::uint32_t most) {
    return io::Fd(bpf_map_create(type, nullptr, static_cast<std::uint32_t>(key),
                                 static_cast<std::uint32_t>(value), most, nullptr));
}

/// Skips the case where there can be no maps; lets it fail where there must be.
inline boost::test_tools::assertion_result may_make_maps(boost::unit_test::test_unit_id /*id*/) {
    const char* required = std::getenv("NLB_REQUIRE_BPF");
    if (required != nullptr && std::string(required) == "1") return true;
    boost::test_tools::assertion_result may = make_map(BPF_MAP_TYPE_ARRAY, 4, 4, 1).is_open();
    if (!may) may.message() << "BPF maps take root";
    return may;
}

struct KernelMaps {
    KernelMaps() {
        add("nlb_target_ids", sizeof(nlb_u32), sizeof(nlb_label));
        add("nlb_listener_ids", sizeof(nlb_u32), sizeof(nlb_label));
    }

    [[nodiscard]] io::MapSet set() const {
        return {[this](const std::string& name) { return maps.at(name).get(); }};
    }

    std::map<std::string, io::Fd> maps;

  private:
    void add(const std::string& name, std::size_t key, std::size_t value) {
        auto map = make_map(BPF_MAP_TYPE_HASH, key, value, 1024);
        BOOST_REQUIRE(map.is_open());
        maps.emplace(name, std::move(map));
    }
};

} // namespace nlb::test
