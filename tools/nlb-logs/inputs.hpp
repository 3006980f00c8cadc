// SPDX-License-Identifier: Apache-2.0
// What a reading command reads, and that it does not write it.
#pragma once

#include "reading.hpp"

#include "base/result.hpp"

#include <string>
#include <vector>

/// The files and folders that were named, in arguments or on standard input. Errors: Usage when
/// both or neither were; System.
nlb::Result<std::vector<std::string>> paths_of(const Reading& reading);

/// Errors: Usage when one of `inputs` would be written, or would come of a folder of `paths` that
/// is followed.
nlb::Result<void> check_outputs(const Reading& reading, const std::vector<std::string>& paths,
                                const std::vector<std::string>& inputs);
