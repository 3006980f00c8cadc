// SPDX-License-Identifier: Apache-2.0
// Buckets of S3 and of what speaks like it, as destinations of log files, through libcurl. Blocks
// while it works: for a thread of its own.
#pragma once

#include "delivery/credentials.hpp"
#include "delivery/object.hpp"
#include "delivery/s3_text.hpp"

#include "base/time.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace nlb::delivery {

class S3 {
  public:
    struct Options {
        Endpoint endpoint;
        std::string region; ///< that requests are signed for
        Environment environment;
        std::string sse;            ///< "AES256" or "aws:kms"; empty: as the bucket has it
        std::string sse_kms_key_id; ///< customer key, with aws:kms only
        bool create_bucket = false; ///< make a bucket that does not exist
    };

    explicit S3(Options options);
    ~S3();
    S3(const S3&) = delete;
    S3& operator=(const S3&) = delete;

    /// Puts the file to its place; returns "s3://BUCKET/KEY". Errors: Usage without credentials;
    /// System with what the bucket answered.
    Result<std::string> put(const Object& object, WallTime now);

    /// Writes the file ELBAccessLogTestFile where the logs of `account` will lie: is it allowed?
    /// Errors: as put().
    Result<void> check(const Place& place, const std::string& account);

    /// From another thread: what is under way ends within a second or so, what comes later at once,
    /// both with errors.
    void stop() { stopped_ = true; }

  private:
    struct Answer {
        long status = 0;
        std::string body; ///< its first 64 KiB
    };

    using Headers = std::map<std::string, std::string>;

    Result<void> put_bytes(const std::string& bucket, const std::string& key,
                           std::string_view bytes, std::string_view content_type);
    Result<void> make_bucket(const std::string& bucket);
    Result<Answer> send(const std::string& url, std::string_view body, Headers headers);
    Result<Answer> perform(const std::string& url, std::string_view body, const Headers& headers);

    struct Connection;
    Options options_;
    std::unique_ptr<Connection> connection_;
    std::atomic<bool> stopped_ = false;
};

} // namespace nlb::delivery
