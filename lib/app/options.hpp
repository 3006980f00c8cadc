// SPDX-License-Identifier: Apache-2.0
// Declaring the options of a command. What they mean, how --help shows them and how they are
// refused is the same in every tool; CLI11 stays behind this door.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI { // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace nlb::app {

/// How a value is shown in --help ("FILE"), and whether it must be given.
struct Value {
    std::string name;
    bool required = false;
};

/// Every method binds an option to a variable that must live until the command has run; its value
/// before parsing is the default. `names` is "--long" or "-s,--long"; a name without dashes is a
/// positional argument.
class Options {
  public:
    explicit Options(CLI::App& command) : command_(command) {}

    void flag(const std::string& names, bool& to, const std::string& help);
    void text(const std::string& names, std::string& to, const Value& value,
              const std::string& help);
    void texts(const std::string& names, std::vector<std::string>& to, const Value& value,
               const std::string& help);
    /// 1-65535; may be given again.
    void ports(const std::string& names, std::vector<std::uint16_t>& to, const Value& value,
               const std::string& help);
    void choice(const std::string& names, std::string& to, const std::vector<std::string>& allowed,
                const Value& value, const std::string& help);

    struct Range {
        std::uint64_t least = 0;
        std::uint64_t most = 0;
    };

    void number(const std::string& names, std::uint64_t& to, Range allowed, const Value& value,
                const std::string& help);

  private:
    CLI::App& command_;
};

} // namespace nlb::app
