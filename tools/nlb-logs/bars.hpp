// SPDX-License-Identifier: Apache-2.0
// Numbers as pictures for a terminal.
#pragma once

#include <string>
#include <vector>

/// Adds a bar for the number in the last column to each line of TSV; the longest has 40 columns.
void add_bars(std::vector<std::string>& lines);

/// A line such as "2026-05-01T00:00:00 ▁▃█▂ 2026-05-01T00:15:00": the last column of the lines, at
/// most 80 columns wide, between the first columns of the first and the last.
std::string sparkline(const std::vector<std::string>& lines);
