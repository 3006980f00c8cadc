// SPDX-License-Identifier: Apache-2.0
// Which entries of a flow table belong to flows that ended: the rule of every sweep.
#pragma once

#include "flow/flow_table.hpp"

#include "base/time.hpp"

#include <vector>

namespace nlb::flow {

/// `flow` is of the client's direction: did it end more than `kept` ago?
bool is_ended(const nlb_flow& flow, Nanos now, Nanos kept);

/// Keys to delete so that flows which ended more than `kept` ago are forgotten: both directions,
/// and entries of the target's direction that lead nowhere.
std::vector<nlb_flow_key> ended_entries(const FlowTable4& flows, Nanos now, Nanos kept);
std::vector<nlb_tuple> ended_entries(const FlowTable6& flows, Nanos now, Nanos kept);

} // namespace nlb::flow
