// SPDX-License-Identifier: Apache-2.0
// Where nlb-logs collect puts files: a directory, or buckets.
#pragma once

#include "collect.hpp"
#include "delivery/directory.hpp"
#include "delivery/s3.hpp"
#include "sandbox/sandbox.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

class Destinations {
  public:
    /// Errors: Usage; System when the directory cannot be written.
    static nlb::Result<Destinations> open(const CollectOptions& options);

    /// What the others open later.
    static std::vector<nlb::sandbox::Folder> folders(const CollectOptions& options);

    [[nodiscard]] bool is_local() const { return directory_.has_value(); }

    /// In the thread of the deliverer.
    nlb::Result<std::string> put(const nlb::delivery::Object& object);

    /// In the same thread: may files be put to `place`?
    nlb::Result<void> check(const nlb::delivery::Place& place, const std::string& account);

    /// In the same thread: removes log files of the directory that are older than so many days.
    [[nodiscard]] nlb::Result<void> expire(std::uint64_t days) const;

    /// From another thread: what does not answer is not waited for any more.
    void stop();

  private:
    nlb::Result<void> open_buckets(const CollectOptions& options);

    std::optional<nlb::delivery::Directory> directory_;
    std::unique_ptr<nlb::delivery::S3> buckets_;
};
