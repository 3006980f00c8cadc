// SPDX-License-Identifier: Apache-2.0
// Collects the problems of one file.
#pragma once

#include "config/config.hpp"
#include "model/rules.hpp"

#include <span>

namespace nlb::config {

class Ledger {
  public:
    explicit Ledger(std::string_view file) : file_(file) {}

    /// Findings that rest on what `other` has noted are void here, too.
    Ledger(std::string_view file, const Ledger& other) : file_(file), paths_(other.paths_) {}

    /// `node` is the offending value, at its place.
    void wrong(const model::Path& path, const Node& node, std::string allowed);
    /// The same when the type of `node` is wrong: a string shows its quotes.
    void wrong_type(const model::Path& path, const Node& node, std::string allowed);
    /// Something that should stand in the table at `place`.
    void missing(const model::Path& path, Position place, std::string allowed);
    /// A key nobody knows.
    void unknown(const model::Path& path, const Node& node,
                 std::span<const std::string_view> known);

    /// What the rules found, placed in the file; not what rests on a value noted before.
    void take_findings(const std::vector<model::Violation>& found, const Node& root);

    [[nodiscard]] bool empty() const { return count_ == 0; }

    /// In the order of the file, at most kMostProblems and one that counts the rest.
    [[nodiscard]] Problems take();

  private:
    void add(const model::Path& path, Position at, std::optional<std::string> value,
             std::string allowed);

    std::string file_;
    Problems problems_;
    std::vector<model::Path> paths_;
    std::size_t count_ = 0;
};

} // namespace nlb::config
