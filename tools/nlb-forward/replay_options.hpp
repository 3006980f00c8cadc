// SPDX-License-Identifier: Apache-2.0
// The options of nlb-forward replay as they were given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct ReplayOptions {
    std::string capture;                ///< path or "-"
    std::vector<std::string> filter;    ///< words of a pcap-filter(7) expression
    std::string config;                 ///< path of nlb.toml(5)
    std::vector<std::string> config_at; ///< "SECONDS=FILE"
    std::string health;                 ///< path of target-health lines, or empty
    std::string zone;                   ///< empty: the nodes of all zones
    std::vector<std::uint16_t> host_ports;
    std::string write;      ///< path, "-", or empty
    std::string difference; ///< path of the lines of an earlier replay, or empty
    std::string engine = "user";
    bool explain = false;
    bool summary = false;
    bool json = false;
    std::uint64_t count = 0;   ///< 0: all
    std::uint64_t threads = 0; ///< 0: one for each CPU
};
