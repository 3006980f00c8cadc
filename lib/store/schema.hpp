// SPDX-License-Identifier: Apache-2.0
// Table definitions of access logs for engines that take over when one machine is too small.
#pragma once

#include <string>

namespace nlb::store {

enum class Engine { Athena, ClickHouse, DuckDb, Sqlite };

/// A statement that makes the table `logs`, with a line on how it is filled. Athena reads the log
/// files as they are; ClickHouse and DuckDB what `nlb-logs convert` writes; SQLite's is the table
/// that it fills itself.
std::string schema(Engine engine);

} // namespace nlb::store
