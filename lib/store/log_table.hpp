// SPDX-License-Identifier: Apache-2.0
// Entries as rows of a SQLite database: the table `logs` of schema(Engine::Sqlite).
#pragma once

#include "accesslog/entry.hpp"

#include "base/result.hpp"

#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace nlb::store {

class LogTable {
  public:
    /// Makes a new file. Errors: Usage when it exists; System with the path.
    static Result<LogTable> create(const std::string& path);

    /// Errors: System.
    Result<void> add(const accesslog::Entry& entry);

    /// Writes what was added; without it the file stays empty. Errors: System.
    Result<void> finish();

  private:
    struct Close {
        void operator()(sqlite3* base) const;
        void operator()(sqlite3_stmt* statement) const;
    };

    [[nodiscard]] tl::unexpected<Error> failure(const std::string& attempt) const;
    Result<void> run(const std::string& sql);
    void bind_side(int at, std::optional<std::string_view> address);

    std::string path_;
    std::unique_ptr<sqlite3, Close> base_;
    std::unique_ptr<sqlite3_stmt, Close> insert_;
};

} // namespace nlb::store
