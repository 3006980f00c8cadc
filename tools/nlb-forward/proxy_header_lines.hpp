// SPDX-License-Identifier: Apache-2.0
// What proxy-header decode prints.
#pragma once

#include "wire/proxy_v2.hpp"

#include <string>

/// One "word value" a line.
std::string text_of(const nlb::wire::ProxyDecoded& decoded);

/// One object and a newline.
std::string json_of(const nlb::wire::ProxyDecoded& decoded);
