// SPDX-License-Identifier: Apache-2.0
// Options of nlb-logs collect, and its two ways of working.
#pragma once

#include "compress/writer.hpp"

#include "app/context.hpp"

#include "accesslog/entry_line.hpp"
#include "accesslog/vpc_flow_log.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

struct CollectOptions {
    std::vector<std::string> inputs; ///< empty: standard input
    std::string directory;
    std::string config;
    std::string account;
    std::string region;
    std::string bucket;
    std::string prefix;
    std::string endpoint;
    bool path_style = false;
    bool create_bucket = false;
    std::string sse;
    std::string sse_kms_key_id;
    std::string spool;
    std::uint64_t spool_limit_mib = 1024;
    std::uint64_t retention_days = 0; ///< 0: for ever
    std::uint64_t counters_interval_seconds = 0;
    std::string sync = "always";
    std::string compress;
    std::string encrypt_to; ///< a certificate
    std::string form = "current";
    std::string traffic_type; ///< empty: no flow log records
};

nlb::accesslog::Form form_of(const CollectOptions& options);
nlb::accesslog::TrafficType traffic_type_of(const CollectOptions& options);
nlb::compress::Method method_of(const CollectOptions& options, nlb::compress::Method preset);

/// Without a destination: entries to standard output. Returns the exit status.
nlb::Result<int> collect_to_output(nlb::app::Context& context, const CollectOptions& options);

/// With one: entries to the spool, and from there to files. Returns the exit status.
nlb::Result<int> collect_to_files(nlb::app::Context& context, const CollectOptions& options);
