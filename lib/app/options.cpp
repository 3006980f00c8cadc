// SPDX-License-Identifier: Apache-2.0
#include "app/options.hpp"

#include <CLI/CLI.hpp>

namespace nlb::app {

namespace {

void describe(CLI::Option& option, const Value& value) {
    option.type_name(value.name);
    option.required(value.required);
}

} // namespace

void Options::flag(const std::string& names, bool& to, const std::string& help) {
    command_.add_flag(names, to, help);
}

void Options::text(const std::string& names, std::string& to, const Value& value,
                   const std::string& help) {
    describe(*command_.add_option(names, to, help), value);
}

void Options::texts(const std::string& names, std::vector<std::string>& to, const Value& value,
                    const std::string& help) {
    CLI::Option* option = command_.add_option(names, to, help);
    if (names.starts_with("-")) option->allow_extra_args(false); // a value each time it is given
    describe(*option, value);
}

void Options::ports(const std::string& names, std::vector<std::uint16_t>& to, const Value& value,
                    const std::string& help) {
    CLI::Option* option = command_.add_option(names, to, help);
    option->allow_extra_args(false)->check(CLI::Range(1, 65535));
    describe(*option, value);
}

void Options::choice(const std::string& names, std::string& to,
                     const std::vector<std::string>& allowed, const Value& value,
                     const std::string& help) {
    CLI::Option* option = command_.add_option(names, to, help);
    option->check(CLI::IsMember(allowed));
    describe(*option, value);
}

void Options::number(const std::string& names, std::uint64_t& to, Range allowed, const Value& value,
                     const std::string& help) {
    CLI::Option* option = command_.add_option(names, to, help);
    option->check(CLI::Range(allowed.least, allowed.most));
    describe(*option, value);
}

} // namespace nlb::app
