// SPDX-License-Identifier: Apache-2.0
// The engines of nlb-forward replay behind one face.
#pragma once

#include "flow/user_engine.hpp"

#include "base/result.hpp"

#include <functional>
#include <string>

struct PacketEngine {
    std::function<nlb::Result<nlb::flow::Decision>(std::vector<std::uint8_t>&, nlb::Nanos)> decide;
    std::function<nlb::Result<void>(nlb::Nanos now, nlb::Nanos kept)> sweep;
};

/// "user" or "tc" over `tables`, which must outlive it. Errors: System, when the kernel's engine is
/// not built in or the kernel refuses it (it takes root).
nlb::Result<PacketEngine> make_engine(const std::string& name, const nlb::flow::Tables& tables);
