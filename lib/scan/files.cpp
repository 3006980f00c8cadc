// SPDX-License-Identifier: Apache-2.0
#include "scan/files.hpp"

#include "accesslog/entry.hpp"
#include "accesslog/file_name.hpp"
#include "accesslog/timestamp.hpp"

#include <algorithm>
#include <filesystem>

namespace nlb::scan {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kInterval = 300; ///< seconds a file covers

/// The day of ".../2018/12/20", as seconds; nothing when the path does not end so.
std::optional<std::int64_t> day_of(const fs::path& folder) {
    const auto number = [](const fs::path& part,
                           std::size_t digits) -> std::optional<std::int64_t> {
        const std::string text = part.string();
        return text.size() == digits ? accesslog::parse_number(text) : std::nullopt;
    };
    const fs::path month = folder.parent_path();
    const auto y = number(month.parent_path().filename(), 4);
    const auto m = number(month.filename(), 2);
    const auto d = number(folder.filename(), 2);
    if (!y || !m || !d) return std::nullopt;
    const auto days = accesslog::days_since_1970(static_cast<int>(*y), static_cast<unsigned>(*m),
                                                 static_cast<unsigned>(*d));
    if (!days) return std::nullopt;
    constexpr std::int64_t kDay = 86'400;
    return *days * kDay;
}

/// A folder bears the day of delivery, which is not before the entries': all of a folder that ended
/// before the window began is too old. A later folder may hold what was delivered late.
bool may_hold_folder(const fs::path& folder, const Window& window) {
    constexpr std::int64_t kDay = 86'400;
    const auto day = day_of(folder);
    return !day || *day + kDay + kInterval > window.since;
}

/// What is below folders.
class Walk {
  public:
    Walk(const Window& window, std::vector<std::string>& files, std::vector<std::string>* folders)
        : window_(window), files_(files), folders_(folders) {}

    void folder(const fs::path& path) {
        std::error_code error;
        std::vector<fs::directory_entry> entries;
        for (auto at = fs::directory_iterator(path, error);
             !error && at != fs::directory_iterator(); at.increment(error))
            entries.push_back(*at);
        if (error) files_.push_back(path.string()); // reading it will fail, too, and tell why
        if (folders_ != nullptr) folders_->push_back(path.string());
        std::sort(entries.begin(), entries.end());
        above_.push_back(path);
        for (const fs::directory_entry& one : entries) {
            if (!one.path().filename().string().starts_with('.')) entry(one);
        }
        above_.pop_back();
    }

  private:
    void entry(const fs::directory_entry& one) {
        std::error_code error;
        const fs::path& path = one.path();
        if (!one.is_directory(error)) {
            // Opening a pipe would wait for its writer.
            const bool is_file = one.is_regular_file(error) || error;
            if (is_file && may_hold(path.filename().string(), window_))
                files_.push_back(path.string());
            return;
        }
        const auto is_above = [&](const fs::path& other) {
            return fs::equivalent(other, path, error);
        };
        const bool is_loop =
            one.is_symlink(error) && std::any_of(above_.begin(), above_.end(), is_above);
        if (!is_loop && may_hold_folder(path, window_)) folder(path);
    }

    const Window& window_;
    std::vector<std::string>& files_;
    std::vector<std::string>* folders_;
    std::vector<fs::path> above_; ///< the folders on the way, which a link may lead back to
};

} // namespace

std::optional<std::int64_t> interval_end(std::string_view file_name) {
    constexpr std::string_view kShape = "dddddddd"
                                        "Tdddd"
                                        "Z";
    for (std::size_t at = file_name.find('_'); at != std::string_view::npos;
         at = file_name.find('_', at + 1)) {
        const std::string_view part = file_name.substr(at + 1, kShape.size());
        const auto fits = [](char c, char shape) {
            return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
        };
        if (part.size() != kShape.size() ||
            !std::equal(part.begin(), part.end(), kShape.begin(), fits))
            continue;
        std::string text(part.substr(0, 4));
        text.append("-").append(part.substr(4, 2)).append("-").append(part.substr(6, 3));
        text.append(part.substr(9, 2)).append(":").append(part.substr(11, 2)).append(":00");
        if (const auto end = accesslog::parse_time(text)) return end;
    }
    return std::nullopt;
}

bool may_hold(std::string_view file_name, const Window& window) {
    if (accesslog::is_flow_log_name(file_name)) return false;
    const auto end = interval_end(file_name);
    return !end || (*end >= window.since && *end - kInterval < window.until);
}

std::vector<std::string> expand(const std::vector<std::string>& paths, const Window& window,
                                std::vector<std::string>* folders) {
    std::vector<std::string> found;
    Walk walk(window, found, folders);
    for (const std::string& path : paths) {
        std::error_code error;
        if (path == "-" || !fs::is_directory(path, error))
            found.push_back(path);
        else
            walk.folder(path);
    }
    return found;
}

} // namespace nlb::scan
